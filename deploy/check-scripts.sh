#!/bin/sh
# Types of the scripts in static/js, as their JSDoc says them. Needs Node; without it there is nothing to do.
#   check-scripts.sh FOLDER    where the checker is kept, installed there once
set -eu
VERSION=7.0.2
HOME_OF_TSC="$1/typescript-$VERSION"

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "no Node here: the types of static/js are not checked"
  exit 0
fi
if [ ! -x "$HOME_OF_TSC/node_modules/.bin/tsc" ]; then
  echo "installing typescript $VERSION into $HOME_OF_TSC"
  mkdir -p "$HOME_OF_TSC"
  if ! npm install --prefix "$HOME_OF_TSC" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
    "typescript@$VERSION" >/dev/null; then
    rm -rf "$HOME_OF_TSC"
    echo "typescript could not be installed: the types of static/js are not checked"
    exit 0
  fi
fi
exec "$HOME_OF_TSC/node_modules/.bin/tsc" --project jsconfig.json
