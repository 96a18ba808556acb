# The system of a slot: root file system with the package of the gateway, kernel area. Sourced by scripts/build-image.

# What a gateway has no use for: graphics, sound, cameras, drivers of servers.
UNUSED_MODULES=(sound drivers/gpu drivers/media drivers/infiniband drivers/scsi drivers/iio drivers/md drivers/xen drivers/vfio
  drivers/target drivers/staging drivers/soundwire drivers/slimbus drivers/ufs drivers/net/wireless drivers/net/can drivers/isdn
  drivers/ata drivers/nvme drivers/crypto drivers/accel drivers/comedi drivers/bluetooth drivers/nfc drivers/thunderbolt
  drivers/video drivers/vdpa drivers/vhost drivers/tee drivers/gnss drivers/fpga drivers/mtd drivers/parport drivers/pcmcia
  fs/btrfs fs/xfs fs/ocfs2 fs/ceph fs/nfs fs/nfsd fs/smb fs/f2fs fs/gfs2 fs/bcachefs fs/jfs fs/afs fs/ubifs fs/nilfs2 fs/ntfs3
  fs/reiserfs net/wireless net/mac80211 net/bluetooth net/ceph net/tipc net/batman-adv net/sctp net/openvswitch net/mac802154)
# Network cards on boards that this image is for, and that of QEMU.
KEPT_ETHERNET=(broadcom)
# In the initramfs, in the order in which they are loaded.
# modules.dep does not say that ext4 needs crc32c_generic; it does not mount without it.
BOOT_MODULES=(virtio_blk virtio_mmio bcm2835 sdhci-iproc squashfs crc32c_generic ext4)

kernel_version() { basename "$unpacked"/root/usr/lib/modules/*; }

# The modules of the kernel that stay, as a tree in $1 with an index.
lay_out_modules() {
  local version tree path
  version=$(kernel_version) tree=$1/usr/lib/modules/$version
  mkdir -p "$1/usr/lib/modules"
  cp -a "$unpacked/root/usr/lib/modules/$version" "$tree"
  rm -f "$tree"/{build,source}
  for path in "${UNUSED_MODULES[@]}"; do rm -rf "$tree/kernel/$path"; done
  for path in "$tree"/kernel/drivers/net/ethernet/*; do
    case " ${KEPT_ETHERNET[*]} " in *" $(basename "$path") "*) ;; *) rm -rf "$path" ;; esac
  done
  ln -s usr/lib "$1/lib"
  depmod --basedir "$1" "$version" 2>"$work/depmod.log" || fail 69 "depmod: $(tail -n 1 "$work/depmod.log")"
  rm "$1/lib"
}

# $1: an archive that the kernel unpacks, with busybox and BOOT_MODULES; $2: the tree of the modules.
make_initramfs() {
  local tree=$work/initramfs version name file
  version=$(kernel_version)
  mkdir -p "$tree/bin" "$tree/lib/modules/$version"
  cp "$unpacked/root/usr/bin/busybox" "$tree/bin/busybox"
  install -m 755 scripts/image/init "$tree/init"
  for name in "${BOOT_MODULES[@]}"; do
    # With what it depends on, the module itself last.
    depends_of "$2" "$version" "$name" | while read -r file; do
      xz --decompress --stdout "$2/usr/lib/modules/$version/$file" >"$tree/lib/modules/$version/$(basename "$file" .xz)"
    done
    echo "$name"
  done >"$tree/modules"
  depmod --basedir "$tree" "$version" 2>/dev/null
  touch_tree "$tree"
  (cd "$tree" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null --create --format=newc --owner=0:0 --reproducible) | gzip -9n >"$1"
}

# Paths below the modules of a kernel: a module and what it depends on.
depends_of() {
  local line
  line=$(grep -E "/${3//[_-]/[_-]}\\.ko\\.xz:" "$1/usr/lib/modules/$2/modules.dep") || fail 69 "the kernel has no module $3"
  echo "${line/:/ }" | tr -s ' ' '\n' | sed '/^$/d'
}

# What an archive of the cache is made of, as a short name.
system_digest() { (base_digest && cat scripts/image/customize) | sha256sum | cut -c1-16; }

# Writes the archive $1: the base system with its units as the appliance wants them.
make_ready() {
  derive "$1" "$base" --skip=output/dev --customize-hook='chroot "$1" sh /var/tmp/customize units'
}

# Writes the archive $1: the system $2 with package $3, the kernel's modules in tree $4, and scripts/image/root.
make_system() {
  local extra=$work/extra
  cp -R scripts/image/root "$extra"
  mkdir -p "$extra/usr/lib/modules"
  cp -a "$4/usr/lib/modules/." "$extra/usr/lib/modules/"
  echo "$version" >"$extra/usr/lib/iose-appliance/version"
  # systemd never lets the clock say less than when this file was made: when the image was.
  : >"$extra/usr/lib/clock-epoch"
  local key
  for key in "${update_keys[@]}"; do
    # Under the name of their digest: two files of one name are two keys.
    install -D -m 644 "$key" "$extra/usr/share/iose-gateway/update-keys/$(sha256sum <"$key" | cut -c1-16).pem"
  done
  touch_tree "$extra"
  tar --create --file="$extra.tar" --sort=name --owner=0 --group=0 --numeric-owner --mode=go-w --directory="$extra" etc usr
  derive "$1" "$2" --customize-hook="upload '$3' /var/tmp/gateway.deb" --customize-hook="tar-in '$extra.tar' /" \
    --customize-hook='chroot "$1" sh /var/tmp/customize package'
}

# Writes the archive $1 from the archive $2 by what the hooks do to it; programs in it run under emulation. Where mmdebstrap cannot
# make device nodes it lends those of this machine; else it relies on those of a step that is skipped here.
derive() {
  local target=$1 source=$2 mode=unshare
  shift 2
  [ "$(id -u)" != 0 ] || mode=root
  mmdebstrap --quiet --mode="$mode" --arch=arm64 --variant=custom --skip=setup,update,cleanup,check/empty \
    --setup-hook="tar-in '$source' /" \
    --setup-hook='cd "$1" && mkdir dev && { ! mknod -m 666 dev/null c 1 3 2>/dev/null || mkdir dev/pts dev/shm; }' \
    --customize-hook='upload scripts/image/customize /var/tmp/customize' "$@" \
    --customize-hook='rm "$1/var/tmp/customize"' "$SUITE" "$target" "deb $mirror $SUITE main" >&2
}

# The kernel area of a slot, $1: header, initramfs $2, kernel, CRC-32 at the end.
make_kernel_area() {
  gzip -9n <"$unpacked/root/boot/vmlinuz-$(kernel_version)" >"$work/kernel.gz"
  node scripts/image/kernel-area.js "$1" "$2" "$work/kernel.gz"
}

# What a file was modified at does not depend on when it was built.
touch_tree() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }
