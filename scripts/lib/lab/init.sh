#!/bin/busybox sh
# First program of the lab's guest: loads the modules, lays a disk in memory above the host's, and goes on there.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
  insmod "/modules/$module" || echo "LAB: $module does not load"
done
mkdir -p /host /layer
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /host || exec sh
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /newroot || exec sh
for folder in proc sys dev; do mount --move "/$folder" "/newroot/$folder"; done
mount -t tmpfs shm /newroot/dev/shm 2>/dev/null
mkdir -p /newroot/dev/pts
mount -t devpts devpts /newroot/dev/pts
mount -t tmpfs run /newroot/run
mount -t tmpfs tmp /newroot/tmp
script=$(sed -n 's/.*lab\.script=\([^ ]*\).*/\1/p' /newroot/proc/cmdline)
exec switch_root /newroot /bin/sh "$script"
