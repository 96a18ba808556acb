# What comes from Debian: packages that are only unpacked, and the base system. Sourced by scripts/build-image.
# Everything is kept in $cache under a name with a hash of this file and of the mirror; --refresh throws it away.

SUITE=trixie
# What the gateway and the appliance need; the dependencies of the package of the gateway are among them. Without libidn2
# systemd-resolved announces this machine as "linux".
BASE_PACKAGES=(
  systemd systemd-sysv systemd-resolved libidn2-0 systemd-timesyncd udev dbus kmod libpam-systemd
  iproute2 procps netbase ca-certificates openssl
  pcscd libccid polkitd libstdc++6 libpcsclite1
  util-linux fdisk e2fsprogs dosfstools
)
# Unpacked on this machine, never installed: mkinitramfs under emulation takes ten minutes.
UNPACKED_PACKAGES=(u-boot-rpi u-boot-qemu raspi-firmware busybox-static)

sources() {
  local signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
  echo "deb $signed $mirror $SUITE main non-free-firmware"
  echo "deb $signed $mirror $SUITE-updates main non-free-firmware"
  [ -n "${security_mirror:-}" ] && echo "deb $signed $security_mirror $SUITE-security main non-free-firmware"
  return 0
}

base_digest() { (cat scripts/image/base.sh && sources) | sha256sum | cut -c1-16; }

# apt for arm64 with a state of its own, in the current directory.
private_apt() {
  mkdir -p state/lists/partial archives/partial etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d}
  sources >etc/sources.list
  : >state/status
  printf '%s\n' 'APT::Architecture "arm64";' 'APT::Architectures { "arm64"; };' "Dir::State \"$PWD/state\";" \
    "Dir::State::status \"$PWD/state/status\";" "Dir::Cache \"$PWD\";" "Dir::Etc \"$PWD/etc\";" \
    'APT::Sandbox::User "";' 'Acquire::Languages "none";' >apt.conf
  APT_CONFIG=$PWD/apt.conf "$@"
}

# Leaves $1/root, where kernel, boot loaders and firmware are unpacked, and $1/packages, one line for each.
fetch_unpacked() (
  local kernel
  mkdir -p "$1/root" "$1/apt" && cd "$1/apt"
  private_apt apt-get -qq update
  # The package linux-image-arm64 is empty and depends on the present kernel.
  kernel=$(private_apt apt-cache depends linux-image-arm64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p')
  [ -n "$kernel" ] || fail 69 "Debian $SUITE at $mirror has no linux-image-arm64"
  private_apt apt-get -qq download "$kernel" "${UNPACKED_PACKAGES[@]}"
  for deb in *.deb; do
    dpkg-deb -x "$deb" "$1/root"
    # shellcheck disable=SC2016 # For dpkg-deb.
    dpkg-deb --show --showformat='${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\n' "$deb"
  done >"$1/packages"
)

# Writes the base system into the archive $1, without /dev: only root could take device nodes out of it again. Scripts of its
# packages run under emulation.
bootstrap() {
  local mode=unshare
  [ "$(id -u)" != 0 ] || mode=root
  sources | mmdebstrap --quiet --mode="$mode" --arch=arm64 --variant=essential --skip=output/dev \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --include="$(IFS=, && echo "${BASE_PACKAGES[*]}")" "$SUITE" "$1" -
}
