/* hci-up N: switches the kernel's Bluetooth controller hciN on, which needs no package but a C compiler. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define AF_BLUETOOTH_NUMBER 31
#define BTPROTO_HCI_NUMBER 1
#define HCI_DEVICE_UP _IOW('H', 201, int)

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: hci-up N\n");
    return 64;
  }
  int socket_fd = socket(AF_BLUETOOTH_NUMBER, SOCK_RAW | SOCK_CLOEXEC, BTPROTO_HCI_NUMBER);
  if (socket_fd < 0 || (ioctl(socket_fd, HCI_DEVICE_UP, atoi(argv[1])) < 0 && errno != EALREADY)) {
    perror("hci-up");
    return 1;
  }
  close(socket_fd);
  return 0;
}
