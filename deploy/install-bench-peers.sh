#!/bin/sh
# What `make bench-peers` compares us with: Janus, as Debian has it. Installs it as root, elsewhere says what
# to type; does nothing when it is there. It is not left running: the measurement starts its own.
set -eu

command -v janus >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "The comparison needs Janus (on Debian: sudo apt-get install janus)." >&2
    exit 1
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f '$policy EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends janus >/dev/null
[ ! -d /run/systemd/system ] || systemctl disable --quiet janus || true
