#!/bin/sh
# Names each missing prerequisite and the command that installs it, before anything else runs.
missing=0

need() { # what, how to install it
  printf 'missing: %s\n  Debian or Ubuntu: %s\n  macOS: %s\n' "$1" "$2" "$3" >&2
  missing=1
}

python="${BASE_PYTHON:-python3.11}"
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; then
  need "Python 3.11 ($python)" "apt-get install python3.11 python3.11-venv" "brew install python@3.11"
elif ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  need "the venv module of Python 3.11" "apt-get install python3.11-venv" "brew install python@3.11"
fi

node_major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')
if [ "${node_major:-0}" -lt 20 ] || ! command -v npm >/dev/null 2>&1; then
  need "Node.js 20 or later with npm" "apt-get install nodejs npm (or a newer one from nodejs.org)" "brew install node"
fi

javac="${JAVA_HOME:+$JAVA_HOME/bin/}javac"
java_major=$("$javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
case "$java_major" in
  11 | 17) ;;
  *) need "a JDK 11 or 17 (found: ${java_major:-none})" "apt-get install openjdk-17-jdk-headless" "brew install openjdk@17" ;;
esac

if ! mvn --version >/dev/null 2>&1; then
  need "Maven" "apt-get install maven" "brew install maven"
fi

exit $missing
