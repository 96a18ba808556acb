# Checks of the binaries in a package, and the packages of Debian that they need. Sourced by scripts/build-deb.

# The newest versions of symbols that Debian 12 has: libc6 2.36, libstdc++6 and libgcc-s1 of GCC 12.
LIMITS='GLIBC:2.36 GLIBCXX:3.4.30 CXXABI:1.3.13 GCC:12.0.0'

# Fails unless every binary under $1 is for architecture $2, and starts on Debian 12.
check_binaries() {
  local root=$1 arch=$2 file machine limit wanted
  case "$arch" in
    amd64) machine='Advanced Micro Devices X86-64' ;;
    arm64) machine=AArch64 ;;
  esac
  while read -r file; do
    [[ $(readelf -hW "$file") =~ Machine:\ *"$machine" ]] || fail 1 "${file#"$root"} is not for $arch"
    for limit in $LIMITS; do
      wanted=$(newest "${limit%:*}" "$file")
      is_within "$wanted" "${limit#*:}" ||
        fail 1 "${file#"$root"} needs ${limit%:*}_$wanted, Debian 12 has ${limit#*:}: build on Debian 12"
    done
  done < <(binaries "$root")
}

# What has to be installed, as in Depends, for the libraries that the binaries under $1 name.
library_packages() {
  local root=$1 glibc=0 file wanted library
  while read -r file; do
    wanted=$(newest GLIBC "$file")
    is_within "$wanted" "$glibc" || glibc=$wanted
  done < <(binaries "$root")
  binaries "$root" | while read -r file; do readelf -dW "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; done | sort -u |
    while read -r library; do
      case "$library" in
        libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | ld-linux-*) echo "libc6 (>= $glibc)" ;;
        # Node.js is compiled with the headers of GCC 12.
        libstdc++.so.6) echo 'libstdc++6 (>= 12)' ;;
        libgcc_s.so.1) echo 'libgcc-s1 (>= 12)' ;;
        libpcsclite.so.1) echo 'libpcsclite1 (>= 1.9)' ;;
        *) fail 1 "which package of Debian has $library? Tell library_packages in scripts/deb/elf.sh" ;;
      esac
    done | sort -u | paste -sd, | sed 's/,/, /g'
}

binaries() { find "$1" -type f \( -name '*.node' -o -path '*/bin/node' \) | LC_ALL=C sort; }

# The newest version of symbols of a kind that a binary wants; nothing if it wants none.
newest() { readelf -VW "$2" | sed -n "s/.*Name: $1_\([0-9.]*\) .*/\1/p" | sort -V | tail -1; }

# Whether a version is none, or at most a limit.
is_within() { [ -z "$1" ] || [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -1)" = "$2" ]; }
