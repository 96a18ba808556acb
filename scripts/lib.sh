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

# Takes the device tree of a Raspberry Pi 4, which is built with symbols, out of Debian's kernel for arm64 (a download of
# 95 MB), into .cache/. Nothing is installed, so root is not needed. Always of trixie, so that it is the same everywhere.
fetch_pi_dtb() {
  local dtb=.cache/bcm2711-rpi-4-b.dtb
  [ ! -e "$dtb" ] || return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  local directory mirror options package status
  # Whichever mirror this machine takes Debian from. The variable is apt-get's.
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' | head -1)
  [ -n "$mirror" ] || return 1
  directory=$(mktemp -d) || return 1
  mkdir -p "$directory"/{lists/partial,cache/archives/partial,root} .cache
  : >"$directory/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$directory/sources.list"
  options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= -o Dir::Etc::sourceparts=-
    -o Dir::Etc::sourcelist="$directory/sources.list" -o Dir::State::lists="$directory/lists"
    -o Dir::State::status="$directory/status" -o Dir::Cache="$directory/cache")
  (
    cd "$directory"
    timeout 120 apt-get "${options[@]}" update &&
      package=$(apt-cache "${options[@]}" depends linux-image-arm64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -1) &&
      timeout 300 apt-get "${options[@]}" download "$package" &&
      dpkg-deb --fsys-tarfile ./*.deb | tar -x -C root --wildcards '*/broadcom/bcm2711-rpi-4-b.dtb'
  ) >/dev/null 2>&1 && find "$directory/root" -name '*.dtb' -exec mv {} "$dtb" \; && [ -e "$dtb" ]
  status=$?
  rm -rf "$directory"
  return $status
}
