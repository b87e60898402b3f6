#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
if [ -f pom.xml ]; then
    maven=mvn
    [ ! -f mvnw ] || maven="sh mvnw"
    $maven -B -q -DskipTests package
    find target -maxdepth 1 -name "*.jar" ! -name "*-sources.jar" ! -name "*.original" -exec cp {} out/app.jar \;
else
    gradle=gradle
    [ ! -f gradlew ] || gradle="sh gradlew"
    $gradle -q assemble
    find build/libs -name "*.jar" ! -name "*-plain.jar" -exec cp {} out/app.jar \;
fi
[ -f out/app.jar ] || { echo "no jar was made: is there a pom.xml or a build.gradle?" >&2; exit 1; }
