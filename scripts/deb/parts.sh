# What a package is made of, each part in .cache/deb under a name that changes with what it is made from:
# Node.js, the compiled program, production modules with their addons. Sourced by scripts/build-deb.

REPOSITORY=$PWD
CACHE=$REPOSITORY/.cache/deb

# Makes what is not there yet for an architecture.
prepare_parts() {
  local arch=$1
  part "$(node_of "$arch")" fetch_node "$arch"
  part "$(compiled_program)" compile_program
  [ -e "$(modules_of "$arch")" ] || part "$(sysroot_of "$arch")" fetch_pcsclite "$arch"
  part "$(modules_of "$arch")" make_modules "$arch"
}

node_of() { echo "$CACHE/node-$(node_column "$1" 4)-$1"; }

compiled_program() { echo "$CACHE/dist-$(digest src tsconfig.json tsconfig.build.json package-lock.json scripts/build)"; }

sysroot_of() { echo "$CACHE/pcsclite-$1"; }

modules_of() {
  echo "$CACHE/modules-$1-$(digest package-lock.json scripts/deb/parts.sh scripts/deb/node-versions)"
}

# Names of GNU: of the compiler and of the folders for libraries.
triplet() {
  case "$1" in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
  esac
}

# A column of node-versions, counted from 1, in the row of an architecture.
node_column() { awk -v arch="$1" -v column="$2" '$1 == arch { print $column }' "$REPOSITORY/scripts/deb/node-versions"; }

# What files and folders contain, as a short name.
digest() {
  (cd "$REPOSITORY" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

# Makes a part by a function that gets a scratch directory and leaves the part in `part` there. What a part of that
# kind was before is removed: its name without the digest.
part() {
  local target=$1 scratch
  shift
  [ ! -e "$target" ] || return 0
  scratch=$(mktemp -d "$CACHE/making-XXXXXX")
  if ! (set -e && cd "$scratch" && "$@"); then
    rm -rf "$scratch"
    fail 69 "$(basename "$target") cannot be made; what is above says why"
  fi
  case "$(basename "$target")" in
    dist-* | modules-*) rm -rf "${target%-*}"-* ;;
  esac
  mv -T "$scratch/part" "$target"
  rm -rf "$scratch"
}

# Node.js from npm, as it was when its digest was written down.
fetch_node() {
  local arch=$1 package version integrity file
  package=$(node_column "$arch" 3) version=$(node_column "$arch" 4) integrity=$(node_column "$arch" 5)
  file=$(npm pack --silent "$package@$version")
  if [ "sha512-$(openssl dgst -sha512 -binary "$file" | base64 -w0)" != "$integrity" ]; then
    echo "$package@$version is not what scripts/deb/node-versions says: do not use it" >&2
    return 1
  fi
  tar -xzf "$file"
  mv package part
}

# By scripts/build, on a copy, so that nothing that was compiled earlier and is in use gets in or changes.
compile_program() {
  cp -R "$REPOSITORY"/{src,scripts,tsconfig.json,tsconfig.build.json,package.json} .
  ln -s "$REPOSITORY/node_modules" node_modules
  scripts/build
  # Without sources there is nothing that maps could lead to.
  find dist \( -name '*.map' -o -name '*.tsbuildinfo' \) -delete
  find dist -name '*.js' -exec sed -i '/^\/\/# sourceMappingURL=/d' {} +
  mv dist part
}

# The library for cards, to link against, out of the Debian package; the machine's own list of foreign architectures
# stays as it is.
fetch_pcsclite() {
  local arch=$1 apt
  mkdir -p state/lists/partial cache/archives/partial part
  : >state/status
  apt=(-qq -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o "Dir::State=$PWD/state"
    -o "Dir::State::status=$PWD/state/status" -o "Dir::Cache=$PWD/cache" -o APT::Sandbox::User= -o Acquire::Languages=none)
  apt-get "${apt[@]}" update
  apt-get "${apt[@]}" download libpcsclite1 libpcsclite-dev
  for deb in *.deb; do dpkg-deb -x "$deb" part; done
}

# What the lockfile says, without what only compiles or tests, and with addons for the Node.js that comes along.
make_modules() {
  local arch=$1 cpu
  cp "$REPOSITORY/package.json" "$REPOSITORY/package-lock.json" .
  cpu=$(node_column "$arch" 2)
  npm ci --omit=dev --ignore-scripts --os=linux --cpu="$cpu" --libc=glibc --no-audit --no-fund --loglevel=error
  if [ ! -d "node_modules/@koromix/koffi-linux-$cpu" ]; then
    echo "npm $(npm --version) did not install koffi for $cpu: npm 10.8 or newer is needed" >&2
    return 1
  fi
  compile_addons "$arch" "$cpu"
  # typescript is an option of valibot's; the other two are headers.
  rm -rf node_modules/typescript node_modules/nan node_modules/node-addon-api
  prune_modules
  mv node_modules part
}

# By their own scripts of installation. Paths of this machine are kept out of them.
compile_addons() {
  local cross node sysroot
  cross=$(triplet "$1") node=$(node_of "$1") sysroot=$(sysroot_of "$1")
  export CC=$cross-gcc CXX=$cross-g++ AR=$cross-ar LINK=$cross-g++
  export CXXFLAGS="-I$sysroot/usr/include/PCSC -ffile-prefix-map=$PWD=. -ffile-prefix-map=$node=node -g0 -fstack-protector-strong -D_FORTIFY_SOURCE=2"
  export CFLAGS=$CXXFLAGS LDFLAGS="-L$sysroot/usr/lib/$cross -Wl,-z,relro,-z,now"
  npm_config_nodedir=$node npm_config_arch=$2 npm_config_jobs=2 \
    npm rebuild --foreground-scripts --loglevel=error epoll i2c-bus spi-device pcsclite smartcard >addons.log 2>&1 || {
    cat addons.log
    return 1
  }
  find node_modules -path '*/build/Release/*.node' ! -path '*/obj.target/*' -exec "$cross-strip" --strip-unneeded {} +
}

# Leaves what runs, and every licence.
prune_modules() {
  local package
  find node_modules -path '*/obj.target/*.node' -delete
  rm -rf node_modules/@koromix/*/musl_* node_modules/koffi/{lib,vendor,cnoke.cjs}
  # Commands, of which nobody here makes use.
  rm -rf node_modules/.bin node_modules/pino/bin.js node_modules/koffi/src/koffi/src/trampolines.cjs
  # The binaries of koffi have its licence, but no copy of it.
  for package in node_modules/@koromix/*; do cp node_modules/koffi/LICENSE.txt "$package/"; done
  find node_modules -depth -type d \( -name test -o -name tests -o -name integration-test -o -name example -o -name examples \
    -o -name doc -o -name docs -o -name 'bench*' -o -name '.*' \) -exec rm -rf {} +
  find node_modules -type f ! -name '*.js' ! -name '*.cjs' ! -name '*.mjs' ! -name '*.json' ! -name '*.node' \
    ! -iname 'licen[sc]e*' ! -iname 'copying*' ! -iname 'notice*' -delete
  find node_modules \( -name .package-lock.json -o -name 'tsconfig*.json' -o -name 'eslint.config.*' -o -name '.*' \) -type f -delete
  find node_modules -type d -empty -delete
  for package in node_modules/[!@]*/ node_modules/@*/*/; do
    if [ -z "$(find "$package" -maxdepth 1 \( -iname 'licen[sc]e*' -o -iname 'copying*' \))" ]; then
      echo "$package has no licence in a file of its own" >&2
      return 1
    fi
  done
}
