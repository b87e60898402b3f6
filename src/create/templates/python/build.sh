#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
if [ -f requirements.txt ]; then
    python3 -m pip install --no-cache-dir --target out/packages -r requirements.txt
fi
find . -mindepth 1 -maxdepth 1 ! -name out ! -name .git -exec cp -R {} out/ \;
python3 -m compileall -q out
