#!/bin/sh
# Compiles the app: what is to be packaged goes into out/. A build fails where this does not end with 0.
set -eu
rm -rf out
mkdir -p out
if [ -f pom.xml ]; then
    maven=mvn
    [ ! -f mvnw ] || maven="sh mvnw"
    $maven -B -q -DskipTests package
    find target -maxdepth 1 -name "*.war" -exec cp {} out/ROOT.war \;
else
    gradle=gradle
    [ ! -f gradlew ] || gradle="sh gradlew"
    $gradle -q war
    find build/libs -name "*.war" -exec cp {} out/ROOT.war \;
fi
[ -f out/ROOT.war ] || { echo "no war was made: is there a pom.xml or a build.gradle?" >&2; exit 1; }
