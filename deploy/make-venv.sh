#!/bin/sh
# Make a virtual environment with the first Python 3.11 or newer that can, or say what to type.
# PYTHON=/path/to/python chooses one.
set -eu
folder=$1

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_venvs() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

lame=
for python in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    fits "$python" || continue
    if makes_venvs "$python"; then
        "$python" -m venv "$folder" || { rm -rf "$folder"; exit 1; }
        exit 0
    fi
    lame=${lame:-$python}
done

packages="python3 python3-venv"
if [ -n "$lame" ]; then
    packages=$("$lame" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
elif [ -r /etc/os-release ] && . /etc/os-release && [ "${ID:-} ${VERSION_ID:-}" = "ubuntu 22.04" ]; then
    packages="python3.11 python3.11-venv" # its python3 is 3.10
fi
sudo=sudo
[ "$(id -u)" -ne 0 ] || sudo=
{
    echo "Python 3.11 or newer with venv is needed. On Debian or Ubuntu type:"
    echo "    ${sudo:+$sudo }apt-get update && ${sudo:+$sudo }apt-get install -y $packages"
} >&2
exit 1
