#!/bin/sh
# What the tests need beyond Python: Chromium, a Chinese font, Redis, coturn, poppler (which judges signed
# sheets beside us), Node (which runs the mini-program's shell). Installs them on Debian as root, elsewhere says what to type. Does nothing when they are
# there.
set -eu

browser= font= redis= relay= poppler= node=
command -v chromium >/dev/null || browser=missing
[ -n "$(fc-list :lang=zh 2>/dev/null || true)" ] || font=missing
command -v redis-server >/dev/null || redis=missing
command -v turnserver >/dev/null || relay=missing
command -v pdfsig >/dev/null && command -v pdftotext >/dev/null || poppler=missing
command -v node >/dev/null || node=missing
[ -n "$browser$font$redis$relay$poppler$node" ] || exit 0

ID= ID_LIKE=
[ ! -r /etc/os-release ] || . /etc/os-release
sudo="sudo "
[ "$(id -u)" -ne 0 ] || sudo=
apt="apt-get install -y --no-install-recommends"
servers="${redis:+ redis-server}${relay:+ coturn}"
tools="${poppler:+ poppler-utils}${node:+ nodejs}"

# Debian starts a server as soon as it is installed, and at every boot. The tests start their own, so
# none is to be left running by us; one that was there before is not ours to stop.
install_without_starting() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f '$policy EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    $apt -qq "$@"
    for server in $servers; do
        [ ! -d /run/systemd/system ] || systemctl disable --quiet "$server" || true
    done
}

case "$ID" in
debian)
    packages="fontconfig${browser:+ chromium}${font:+ fonts-noto-cjk}$tools$servers"
    if [ -z "$sudo" ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        install_without_starting $packages
        exit 0
    fi
    line="sudo apt-get update && sudo $apt $packages"
    ;;
ubuntu)
    # Ubuntu's chromium package only points to the snap.
    line="${sudo}apt-get update && ${sudo}$apt fontconfig${font:+ fonts-noto-cjk}$tools$servers"
    line="$line${browser:+ && ${sudo}snap install chromium}"
    ;;
fedora)
    packages="${browser:+ chromium}${font:+ google-noto-sans-cjk-fonts}${redis:+ redis}${relay:+ coturn}$tools"
    line="${sudo}dnf install -y fontconfig$packages"
    ;;
*)
    line=
    ;;
esac

if [ -n "$line" ]; then
    printf 'The tests need a browser, a Chinese font, Redis, coturn, poppler and Node. Type:\n    %s\n' "$line" >&2
    [ -z "$servers" ] || [ "$ID" = fedora ] ||
        printf 'The tests start servers of their own; to stop those of the system:\n    %s\n' \
            "sudo systemctl disable --now$servers" >&2
else
    echo "The tests need Chromium (as \`chromium\` on the PATH), fontconfig, a Chinese font, redis-server," >&2
    echo "coturn (as \`turnserver\` on the PATH), poppler (\`pdfsig\`) and Node (\`node\`): install them." >&2
fi
exit 1
