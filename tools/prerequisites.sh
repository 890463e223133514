#!/bin/sh
# Names each missing prerequisite and the command that installs it on this system, before anything else runs.
#
#   sh tools/prerequisites.sh library    Python and Node.js: the library, its fast tests, cdk synth from a built package
#   sh tools/prerequisites.sh app        also a JDK and Maven, which build the job's package
#   sh tools/prerequisites.sh job        also a processor that the job's Python environment supports
set -u

scope="${1:-app}"
base_python="${BASE_PYTHON:-python3.11}"
job_python="${JOB_BASE_PYTHON:-python3.11}"
machine="${MACHINE:-$(uname -m)}"
missing=0

# Each test of this script sets these two; see /etc/os-release for the values.
if [ -z "${SYSTEM:-}" ]; then
  if [ "$(uname -s)" = Darwin ]; then
    SYSTEM=macos
  else
    SYSTEM=$(. /etc/os-release 2>/dev/null && printf '%s-%s' "${ID:-linux}" "${VERSION_ID:-}")
  fi
fi

need() { # name, command
  printf 'missing: %s\n  install it: %s\n' "$1" "$2" >&2
  missing=1
}

note() {
  printf 'note: %s\n' "$1" >&2
}

python_command() { # version
  case "$SYSTEM" in
    debian-12*) [ "$1" = 3.11 ] && echo "apt-get install python3.11 python3.11-venv" && return ;;
    debian-13*) [ "$1" = 3.13 ] && echo "apt-get install python3.13 python3.13-venv" && return ;;
    ubuntu-24.04*) [ "$1" = 3.12 ] && echo "apt-get install python3.12 python3.12-venv" && return ;;
    macos) echo "brew install python@$1" && return ;;
  esac
  # The distribution has another version.
  echo "uv python install $1 (it puts python$1 into ~/.local/bin), or pyenv install $1"
}

node_command() {
  case "$SYSTEM" in
    macos) echo "brew install node" ;;
    # Debian 12, Debian 13 and Ubuntu 24.04 have Node.js 18 and 20, which are past their ends.
    *) echo "nvm install 22 (nodejs.org/en/download has nvm and packages)" ;;
  esac
}

jdk_command() {
  case "$SYSTEM" in
    debian-13*) echo "apt-get install openjdk-21-jdk-headless" ;;
    debian-* | ubuntu-*) echo "apt-get install openjdk-17-jdk-headless" ;;
    # Homebrew links this JDK to no folder of the PATH.
    macos) echo 'brew install openjdk@17 && export JAVA_HOME="$(brew --prefix openjdk@17)"' ;;
    *) echo "a JDK 17 from the system's packages or from adoptium.net" ;;
  esac
}

maven_command() {
  case "$SYSTEM" in
    macos) echo "brew install maven" ;;
    debian-* | ubuntu-*) echo "apt-get install maven" ;;
    *) echo "maven from the system's packages or from maven.apache.org" ;;
  esac
}

need_python() { # program, versions that will do, the one to install, the make variable that names another
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
  case " $2 " in
    *" ${version:-none} "*)
      "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 || need "the venv module of $1" "$(python_command "$version")"
      ;;
    *)
      need "Python $(echo "$2" | sed 's/ /, /g') as $1 (found: ${version:-none})" \
        "$(python_command "$3"), or name another Python: make $4=/path/to/python"
      ;;
  esac
}

need_python "$base_python" "3.11 3.12 3.13" 3.11 BASE_PYTHON

node_major=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p')
npm_major=$(npm --version 2>/dev/null | sed -n 's/^\([0-9]*\)\..*/\1/p')
if [ "${node_major:-0}" -lt 20 ] || [ "${npm_major:-0}" -lt 7 ]; then
  need "Node.js 22 or later with npm (found: Node.js ${node_major:-none}, npm ${npm_major:-none})" "$(node_command)"
elif [ "$node_major" -lt 22 ]; then
  note "Node.js $node_major no longer gets security fixes; it still works. To get a newer one: $(node_command)"
fi

if [ "$scope" != library ]; then
  javac="${JAVA_HOME:+$JAVA_HOME/bin/}javac"
  java_major=$("$javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  case "$java_major" in
    11 | 17 | 21) ;;
    *) need "a JDK 11, 17 or 21 (found: ${java_major:-none}; JAVA_HOME: ${JAVA_HOME:-not set})" "$(jdk_command)" ;;
  esac
  mvn --version >/dev/null 2>&1 || need "Maven 3.6.3 or later" "$(maven_command)"
fi

case "$scope-$machine" in
  job-arm64 | job-aarch64)
    printf '%s\n' \
      "missing: an x86-64 processor (found: $machine)" \
      "  The job's Python environment needs apache-flink and apache-beam, which have no packages for $machine." \
      "  These work here: make check, npx cdk synth, npx cdk deploy, penstock package, review, size, key." \
      "  For make demo and make test: the container of tools/Containerfile, see README." >&2
    missing=1
    ;;
  job-*) need_python "$job_python" "3.11" 3.11 JOB_BASE_PYTHON ;;
esac

exit $missing
