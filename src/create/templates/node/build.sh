#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
if [ -f package-lock.json ]; then npm ci; else npm install; fi
npm run build --if-present
npm prune --omit=dev
find . -mindepth 1 -maxdepth 1 ! -name out ! -name .git -exec cp -R {} out/ \;
