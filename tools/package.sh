#!/usr/bin/env bash
# Compiles what a package has, into dist/ with the same folders: Node takes no TypeScript below node_modules.
# npm runs it before it packs, where the package is installed from Git, and after each install in a checkout, where
# set-up says that nobody needs it.
set -euo pipefail
[ "${BALANCER_PACKAGE:-}" = no ] && exit

cd "$(dirname "${BASH_SOURCE[0]}")/.."
rm -rf dist
node_modules/.bin/tsc -p tsconfig.package.json
cp -R templates dist/
cp src/probe/*.hbs dist/src/probe/
