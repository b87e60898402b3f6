#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
[ ! -f composer.json ] || composer install --no-dev --no-interaction --no-progress --optimize-autoloader
for folder in public src vendor; do
    [ ! -d "$folder" ] || cp -R "$folder" out/
done
find . -maxdepth 1 -name "*.php" -exec cp {} out/ \;
