# Shared by the scripts beside it; sourced with the repository as the current directory.

# Fails unless the Node.js on the PATH is new enough.
require_node() {
  if ! command -v node >/dev/null; then
    echo "Node.js is missing. Install Node.js 20.19 or newer (Debian 13: apt-get install nodejs npm)." >&2
    exit 69
  fi
  if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
    echo "Node.js $(node --version) is too old: 20.19 or newer is needed." >&2
    exit 69
  fi
}

# Installs the locked dependencies unless they already stand as the lockfile says.
install_dependencies() {
  if ! cmp -s package-lock.json node_modules/.installed-lock; then
    # npm would empty what the link leads to.
    if [ -L node_modules ]; then
      echo "node_modules is a link to $(readlink node_modules), which is out of date: install there, or remove the link." >&2
      exit 69
    fi
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed-lock
  fi
}

# Takes promtool out of the Debian package prometheus, into .cache/; nothing is installed, so root is not needed.
fetch_promtool() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  local directory
  directory=$(mktemp -d) || return 1
  # A list of packages that is too old names versions that are gone.
  (cd "$directory" && { apt-get download -qq prometheus || { [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq prometheus; }; }) 2>/dev/null &&
    dpkg-deb --fsys-tarfile "$directory"/prometheus_*.deb | tar -x -C "$directory" ./usr/bin/promtool &&
    mkdir -p .cache && mv "$directory/usr/bin/promtool" .cache/promtool
  local status=$?
  rm -rf "$directory"
  return $status
}

# Builds unless dist/ is newer than everything it is made from.
build_if_stale() {
  local stamp=dist/.built
  if [ ! -e "$stamp" ] || [ -n "$(find src tsconfig.json tsconfig.build.json package.json -newer "$stamp" -print -quit)" ]; then
    scripts/build
  fi
}
