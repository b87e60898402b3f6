#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
# Whatever out/run is: a binary that was compiled here, or a script.
if [ -f Makefile ]; then make; fi
cp run out/run
chmod 755 out/run
