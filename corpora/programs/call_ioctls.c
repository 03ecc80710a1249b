/* Requests of ioctl: terminals, sockets, files.
 * not qemu: its errno for an unknown request is ENOSYS */
#include "calls.h"

#include <linux/fs.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <termios.h>

static void terminal(void)
{
    int m = posix_openpt(O_RDWR | O_NOCTTY);
    if (m < 0) {
        printf("no terminals\n");
        return;
    }
    SAY(grantpt(m));
    SAY(unlockpt(m));
    int s = open(ptsname(m), O_RDWR | O_NOCTTY);
    struct winsize w = {24, 80, 1, 2};
    SAY(ioctl(m, TIOCSWINSZ, &w));
    memset(&w, 0, sizeof(w));
    SAY(ioctl(s, TIOCGWINSZ, &w));
    printf("%d %d %d %d\n", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
    struct termios t;
    SAY(tcgetattr(s, &t));
    printf("%x %x %x %x %d %d\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, t.c_cc[VINTR], t.c_cc[VEOF]);
    cfmakeraw(&t);
    SAY(tcsetattr(s, TCSANOW, &t));
    SAY(tcgetattr(s, &t));
    printf("%x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    SAY(write(m, "raw", 3));
    int n = 0;
    struct pollfd f = {s, POLLIN, 0}; /* the kernel passes on what was written when it finds time */
    SAY(poll(&f, 1, 1000));
    SAY(ioctl(s, FIONREAD, &n));
    printf("%d %d\n", n, isatty(s));
    SAY(tcflush(s, TCIFLUSH));
    SAY(ioctl(s, FIONREAD, &n));
    printf("%d\n", n);
    SAY(tcgetpgrp(s));
    SAY(tcdrain(s));
    unsigned number;
    SAY(ioctl(m, TIOCGPTN, &number));
    SAY(isatty(1000));
    close(s);
    close(m);
}

static void sockets(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq r = {.ifr_name = "lo"};
    SAY(ioctl(s, SIOCGIFINDEX, &r));
    printf("%d\n", r.ifr_ifindex);
    SAY(ioctl(s, SIOCGIFADDR, &r));
    printf("%s\n", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr));
    SAY(ioctl(s, SIOCGIFFLAGS, &r));
    printf("%d\n", !!(r.ifr_flags & IFF_LOOPBACK));
    strcpy(r.ifr_name, "nothing0");
    SAY(ioctl(s, SIOCGIFINDEX, &r));
    struct ifreq list[16];
    struct ifconf c = {.ifc_len = sizeof(list), .ifc_req = list};
    SAY(ioctl(s, SIOCGIFCONF, &c));
    printf("%d %s %d\n", c.ifc_len > 0, list[0].ifr_name, c.ifc_req == list);
    c.ifc_req = NULL;
    SAY(ioctl(s, SIOCGIFCONF, &c));
    int on = 1;
    SAY(ioctl(s, FIONBIO, &on));
    char b;
    SAY(recv(s, &b, 1, 0));
    SAY(ioctl(s, FIOCLEX));
    SAY(fcntl(s, F_GETFD));
    SAY(ioctl(s, FIONREAD, (void *)8));
    close(s);
}

static void files(void)
{
    int fd = open("/dev/null", O_RDWR), n;
    SAY(ioctl(fd, TCGETS, &n));
    SAY(ioctl(fd, 0x12345678, &n));
    SAY(ioctl(999, TCGETS, &n));
    char name[] = "/tmp/calls_ioctlsXXXXXX";
    int f = mkstemp(name);
    SAY(write(f, "12345", 5));
    SAY(lseek(f, 2, SEEK_SET));
    SAY(ioctl(f, FIONREAD, &n));
    printf("%d\n", n);
    SAY(ioctl(f, FIGETBSZ, &n));
    SAY(ioctl(f, TIOCGWINSZ, &n));
    unlink(name);
}

int main(void)
{
    terminal();
    sockets();
    files();
    return 0;
}
