#!/bin/sh
# Runs the lab's suites in the guest, as root of a machine with a header chip and two Bluetooth controllers that nobody injected.
word() { sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
PATH=$(word lab.path):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH HOME=/root NO_COLOR=1 BLUEPOST_LAB="$(word lab.tools)"
ip link set lo up 2>/dev/null || busybox ip link set lo up
echo "LAB: kernel $(uname -r) up after $(cut -d' ' -f1 /proc/uptime) s"
mount -t configfs none /sys/kernel/config
chip=/sys/kernel/config/gpio-sim/header
mkdir -p "$chip/bank0"
echo 54 > "$chip/bank0/num_lines"
echo pinctrl-bcm2711 > "$chip/bank0/label"
echo 1 > "$chip/live"
cd "$(word lab.root)" || exit 1
mkfifo /tmp/said # not a terminal: vitest then writes lines instead of redrawing
node node_modules/vitest/vitest.mjs run --project lab $(word lab.only | tr , ' ') > /tmp/said 2>&1 &
cat /tmp/said
wait $!
echo "LAB: ended with $? after $(cut -d' ' -f1 /proc/uptime) s"
sync
echo o > /proc/sysrq-trigger
sleep 5
