# Programs for arm64 on another machine, by QEMU. Sourced by scripts/build-image, which calls end_emulation at its end.

BINFMT=/proc/sys/fs/binfmt_misc
binfmt_mounted='' binfmt_registered=''

# Lets the kernel run them, unless it does already.
begin_emulation() {
  [ "$(uname -m)" != aarch64 ] || return 0
  ! grep -qsx enabled "$BINFMT/qemu-aarch64" || return 0
  [ "$(id -u)" = 0 ] || fail 69 'programs for arm64 do not run here. As root: systemctl restart systemd-binfmt'
  if [ ! -e "$BINFMT/register" ]; then
    mount -t binfmt_misc binfmt_misc "$BINFMT" || fail 69 "cannot mount $BINFMT"
    binfmt_mounted=yes
  fi
  if [ ! -e "$BINFMT/qemu-aarch64" ]; then
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$BINFMT/register" || fail 69 "cannot register a rule in $BINFMT"
    binfmt_registered=yes
  fi
}

# What was not there before is gone again.
end_emulation() {
  if [ -n "$binfmt_registered" ]; then echo -1 >"$BINFMT/qemu-aarch64"; fi
  if [ -n "$binfmt_mounted" ]; then umount "$BINFMT"; fi
  binfmt_mounted='' binfmt_registered=''
}
