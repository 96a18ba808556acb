# The script of U-Boot: chooses the slot, counts tries, starts its kernel. docs/appliance-layout.md has the formats.
# Numbers are hexadecimal. U-Boot of Debian for the Raspberry Pi has neither squashfs nor FIT, so that kernel and
# initramfs of a slot lie in sectors of their own, with a CRC-32 at their end.

# Memory starts at 0 on a Raspberry Pi, at 1 GiB on the virtual board of QEMU.
setenv memory 0
if itest ${kernel_addr_r} -ge 40000000; then setenv memory 40000000; fi
setexpr first ${memory} + 3000000
setexpr second ${first} + 200
setexpr fresh ${second} + 200
setexpr digest ${fresh} + 200
setexpr area ${memory} + 4000000
setexpr kernel ${memory} + a000000

# Whether the ${count} bytes at ${place} end in their CRC-32, least significant byte first: then the CRC-32 over all of
# them is this constant. The command stores it in the order of bytes that its build has.
setenv check 'crc32 ${place} ${count} ${digest}; setenv whole no; if itest.l *${digest} -eq 2144df1c; then setenv whole yes; fi; if itest.l *${digest} -eq 1cdf4421; then setenv whole yes; fi'

# The boot state: of two copies the whole one with the higher sequence number.
${devtype} dev ${devnum}
setenv current none
setenv sequence 0
setenv count 200
mw.b ${first} 0 400
${devtype} read ${first} 400 1
${devtype} read ${second} 408 1
for place in ${first} ${second}; do
  run check
  if test ${whole} = yes; then
    setexpr at ${place} + 4
    setenv kind no
    if itest.l *${place} -eq 45534f49; then if itest.l *${at} -eq 544f4f42; then setenv kind yes; fi; fi
    setexpr at ${place} + 8
    if itest.b *${at} -ne 1; then setenv kind no; fi
    setexpr at ${place} + 9
    if itest.b *${at} -lt 41; then setenv kind no; fi
    if itest.b *${at} -gt 42; then setenv kind no; fi
    setexpr at ${place} + 10
    if itest.b *${at} -gt 3; then setenv kind no; fi
    if test ${kind} = yes; then
      setexpr at ${place} + c
      setexpr.l found *${at}
      if test ${current} = none; then
        setenv current ${place}; setenv sequence ${found}
      else
        if itest ${found} -gt ${sequence}; then setenv current ${place}; setenv sequence ${found}; fi
      fi
    fi
  fi
done

setenv slot A
setenv tries 3
setenv confirmed 0
setenv reason 0
setenv given 0
if test ${current} = none; then
  echo "iose: both copies of the boot state are damaged, starting with slot A"
else
  setexpr at ${current} + 9
  if itest.b *${at} -eq 42; then setenv slot B; fi
  setexpr at ${current} + a
  setexpr.b tries *${at}
  setexpr at ${current} + b
  setexpr.b confirmed *${at}
  setexpr confirmed ${confirmed} \& 1
  setexpr at ${current} + 10
  setexpr.b reason *${at}
  setexpr at ${current} + 11
  setexpr.b given *${at}
fi

# Writes the copy that is not the current one: a power cut leaves one that is whole.
setenv save 'setexpr sequence ${sequence} + 1; mw.b ${fresh} 0 200; mw.l ${fresh} 45534f49; setexpr at ${fresh} + 4; mw.l ${at} 544f4f42; setexpr at ${fresh} + 8; mw.b ${at} 1; setexpr at ${fresh} + 9; if test ${slot} = A; then mw.b ${at} 41; else mw.b ${at} 42; fi; setexpr at ${fresh} + a; mw.b ${at} ${tries}; setexpr at ${fresh} + b; mw.b ${at} ${confirmed}; setexpr at ${fresh} + c; mw.l ${at} ${sequence}; setexpr at ${fresh} + 10; mw.b ${at} ${reason}; setexpr at ${fresh} + 11; mw.b ${at} ${given}; run seal; if test ${current} = ${first}; then setenv sector 408; setenv current ${second}; else setenv sector 400; setenv current ${first}; fi; ${devtype} write ${fresh} ${sector} 1'
# The CRC-32 of four zero bytes tells the order of bytes.
setenv seal 'setexpr at ${fresh} + 1fc; crc32 ${at} 4 ${digest}; setenv order little; if itest.l *${digest} -eq 1cdf4421; then setenv order big; fi; crc32 ${fresh} 1fc ${digest}; if test ${order} = little; then cp.b ${digest} ${at} 4; else setexpr from ${digest} + 3; cp.b ${from} ${at} 1; setexpr from ${digest} + 2; setexpr at ${at} + 1; cp.b ${from} ${at} 1; setexpr from ${digest} + 1; setexpr at ${at} + 1; cp.b ${from} ${at} 1; setexpr at ${at} + 1; cp.b ${digest} ${at} 1; fi'
# Kernel and initramfs of ${slot} into memory; ${loaded} tells whether they are whole.
setenv load 'setenv loaded no; setenv part 2; if test ${slot} = B; then setenv part 3; fi; part start ${devtype} ${devnum} ${part} start; setexpr start ${start} + e0000; ${devtype} read ${area} ${start} 1; setexpr at ${area} + 4; if itest.l *${area} -eq 45534f49; then if itest.l *${at} -eq 4c4e524b; then run load_area; fi; fi'
setenv load_area 'setexpr at ${area} + c; setexpr.l sectors *${at}; if itest ${sectors} -gt 1; then if itest ${sectors} -le 20000; then ${devtype} read ${area} ${start} ${sectors}; setenv place ${area}; setexpr count ${sectors} * 200; run check; setenv loaded ${whole}; fi; fi'

setenv swap 'if test ${slot} = A; then setenv given 41; setenv slot B; else setenv given 42; setenv slot A; fi'
# The other slot is the one that worked before.
setenv fall 'run swap; setenv confirmed 1; setenv tries 8'
# Written before the kernel starts. A system that came up gives a confirmed slot its tries back.
setenv count_try 'setexpr tries ${tries} - 1; run save'

if itest ${tries} -eq 0; then
  if itest ${confirmed} -eq 0; then
    echo "iose: slot ${slot} used up its tries and was never confirmed"
    setenv reason 1
    run fall
  else
    echo "iose: slot ${slot} used up its tries and did not come up"
    setenv before ${given}
    run swap
    run load
    if test ${loaded} = yes; then
      setenv reason 1
    else
      echo "iose: slot ${slot} has no kernel, trying the same again"
      run swap
      setenv given ${before}
    fi
    setenv tries 8
  fi
fi
run count_try

run load
if test ${loaded} = no; then
  echo "iose: the kernel of slot ${slot} is damaged"
  setenv reason 2
  run fall
  run count_try
  run load
fi
if test ${loaded} = no; then
  echo "iose: the kernel of slot ${slot} is damaged too, trying again in 10 s"
  sleep 10
  reset
fi

setexpr at ${area} + 10
setexpr.l initramfs *${at}
setexpr initramfs ${area} + ${initramfs}
setexpr at ${area} + 14
setexpr.l initramfs_size *${at}
setexpr at ${area} + 18
setexpr.l packed *${at}
setexpr packed ${area} + ${packed}
if unzip ${packed} ${kernel}; then
  echo "iose: slot ${slot}, confirmed ${confirmed}, tries left ${tries}"
  part uuid ${devtype} ${devnum}:${part} uuid
  setenv bootargs "root=PARTUUID=${uuid} ro iose.slot=${slot} panic=10 oops=panic systemd.getty_auto=0 systemd.show_status=error loglevel=5"
  if test -z "${fdt_addr}"; then setenv fdt_addr ${fdtcontroladdr}; fi
  booti ${kernel} ${initramfs}:${initramfs_size} ${fdt_addr}
fi
echo "iose: the kernel of slot ${slot} does not start, trying again in 10 s"
sleep 10
reset
