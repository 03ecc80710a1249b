/* Sockets: streams and datagrams of both families, messages with control data, options.
 * not qemu: it does not know SO_DETACH_FILTER */
#include "calls.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

static void pairs(void)
{
    int s[2], type;
    socklen_t len = sizeof(type);
    char buf[32] = {0};
    SAY(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
    SAY(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &type, &len));
    printf("%d %d\n", type, len);
    SAY(send(s[0], "stream", 6, MSG_NOSIGNAL));
    SAY(recv(s[1], buf, 3, MSG_PEEK));
    SAY(recv(s[1], buf, 30, 0));
    printf("%s\n", buf);
    SAY(recv(s[1], buf, 30, MSG_DONTWAIT));
    SAY(shutdown(s[0], SHUT_WR));
    SAY(recv(s[1], buf, 30, 0));
    close(s[1]);
    SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
    close(s[0]);
    SAY(socket(AF_UNIX, 77, 0));
    SAY(socketpair(AF_INET, SOCK_STREAM, 0, s));
}

static void rights(void)
{
    int s[2], p[2];
    char byte = 'r', buf[100], got = 0;
    SAY(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    SAY(pipe(p));
    struct iovec v = {&byte, 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = CMSG_SPACE(2 * sizeof(int))};
    memset(buf, 0, sizeof(buf));
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(2 * sizeof(int))};
    memcpy(CMSG_DATA(c), p, sizeof(p));
    SAY(sendmsg(s[0], &m, 0));
    int on = 1;
    SAY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    v.iov_base = &got;
    m.msg_controllen = sizeof(buf);
    SAY(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
    printf("%c flags %x control %d\n", got, m.msg_flags & ~MSG_CMSG_CLOEXEC, (int)m.msg_controllen);
    for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        printf("%d %d %d\n", c->cmsg_level, c->cmsg_type, (int)c->cmsg_len);
        if (c->cmsg_type == SCM_RIGHTS) {
            int q[2];
            memcpy(q, CMSG_DATA(c), sizeof(q));
            SAY(write(q[1], "!", 1));
            SAY(read(p[0], &got, 1));
        } else {
            struct ucred u;
            memcpy(&u, CMSG_DATA(c), sizeof(u));
            printf("%d %d\n", u.pid == getpid(), u.uid == getuid());
        }
    }
    m.msg_controllen = 3;
    SAY(send(s[0], "y", 1, 0));
    SAY(recvmsg(s[1], &m, 0));
    printf("flags %x\n", m.msg_flags);
    struct ucred u;
    socklen_t len = sizeof(u);
    SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
    printf("%d\n", len);
}

static void stream(void)
{
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, b = {0};
    socklen_t len = sizeof(a);
    SAY(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    SAY(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, 2));
    SAY(bind(l, (struct sockaddr *)&a, sizeof(a)));
    SAY(bind(l, (struct sockaddr *)&a, 3));
    SAY(listen(l, 5));
    SAY(getsockname(l, (struct sockaddr *)&a, &len));
    printf("%d %d %s\n", len, a.sin_family, inet_ntoa(a.sin_addr));
    int c = socket(AF_INET, SOCK_STREAM, 0);
    SAY(connect(c, (struct sockaddr *)&a, sizeof(a)));
    len = sizeof(b);
    int d = accept4(l, (struct sockaddr *)&b, &len, SOCK_NONBLOCK);
    printf("%d %d %d\n", d > 0, len, b.sin_family);
    SAY(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
    char buf[100] = {0};
    SAY(recv(d, buf, 1, 0));
    struct iovec v[2] = {{"tcp ", 4}, {"stream", 6}};
    SAY(writev(c, v, 2));
    usleep(1000);
    int n = 0;
    SAY(ioctl(d, FIONREAD, &n));
    printf("%d\n", n);
    len = 4;
    SAY(recvfrom(d, buf, 100, 0, (struct sockaddr *)&b, &len));
    printf("%s\n", buf);
    len = 4;
    SAY(getpeername(c, (struct sockaddr *)&b, &len));
    printf("%d\n", len);
    close(l);
    close(c);
    SAY(recv(d, buf, 100, 0));
    struct linger g = {1, 0};
    SAY(setsockopt(d, SOL_SOCKET, SO_LINGER, &g, sizeof(g)));
    close(d);
}

static void datagrams(void)
{
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from = {0};
    socklen_t len = sizeof(to);
    char buf[3][20] = {{0}};
    SAY(bind(a, (struct sockaddr *)&to, sizeof(to)));
    getsockname(a, (struct sockaddr *)&to, &len);
    SAY(sendto(b, "one", 3, 0, (struct sockaddr *)&to, sizeof(to)));
    SAY(recvfrom(a, buf[0], 20, 0, (struct sockaddr *)&from, &len));
    printf("%s %s\n", buf[0], inet_ntoa(from.sin_addr));
    struct iovec v[3] = {{"first", 5}, {"second", 6}, {"third", 5}};
    struct mmsghdr m[3] = {{{&to, sizeof(to), &v[0], 1}, 99},
                           {{&to, sizeof(to), &v[1], 2}, 99},
                           {{&to, sizeof(to), &v[2], 1}, 99}};
    SAY(sendmmsg(b, m, 3, 0));
    printf("%u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
    struct sockaddr_in who[3];
    for (int i = 0; i < 3; i++) {
        v[i] = (struct iovec){buf[i], 20};
        m[i] = (struct mmsghdr){{&who[i], sizeof(who[i]), &v[i], 1}, 0};
    }
    struct timespec t = {1, 0};
    SAY(recvmmsg(a, m, 3, MSG_WAITFORONE, &t));
    printf("%u %u %u %d %.11s\n", m[0].msg_len, m[1].msg_len, m[2].msg_len, m[1].msg_hdr.msg_namelen, buf[1]);
    SAY(recvmmsg(a, m, 3, MSG_DONTWAIT, NULL));
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog prog = {1, code};
    SAY(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
    SAY(sendto(b, "gone", 4, 0, (struct sockaddr *)&to, sizeof(to)));
    SAY(recv(a, buf[0], 20, MSG_DONTWAIT));
    SAY(setsockopt(a, SOL_SOCKET, SO_DETACH_FILTER, NULL, 0));
    prog.len = 0;
    SAY(setsockopt(a, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
    struct timeval tv = {0, 5000};
    SAY(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    SAY(recv(a, buf[0], 20, 0));
    m[0].msg_hdr.msg_iovlen = 2000;
    SAY(sendmsg(b, &m[0].msg_hdr, 0));
    close(a);
    close(b);
}

static void unix_names(void)
{
    struct sockaddr_un u = {.sun_family = AF_UNIX}, v;
    int s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
    int n = snprintf(u.sun_path + 1, 50, "calls sockets %d", getpid());
    socklen_t len = sizeof(v), part = offsetof(struct sockaddr_un, sun_path) + 1 + n;
    SAY(bind(s, (struct sockaddr *)&u, part));
    SAY(connect(c, (struct sockaddr *)&u, part));
    SAY(send(c, "abstract", 8, 0));
    char buf[20] = {0};
    SAY(recvfrom(s, buf, 20, 0, (struct sockaddr *)&v, &len));
    printf("%s %d\n", buf, len);
    len = sizeof(v);
    SAY(getpeername(c, (struct sockaddr *)&v, &len));
    printf("%d %d\n", len == part, !memcmp(v.sun_path + 1, u.sun_path + 1, n));
    SAY(connect(c, (struct sockaddr *)&u, 1000));
    strcpy(u.sun_path, "/no/such/socket");
    SAY(connect(c, (struct sockaddr *)&u, sizeof(u)));
}

static void handler(int sig)
{
}

/* A handler ends a wait that has a timeout, and not one that has none. */
static void interrupted(void)
{
    int s[2];
    char byte;
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct timeval tv = {10, 0};
    struct itimerval soon = {{0, 0}, {0, 20000}};
    sigaction(SIGALRM, &sa, NULL);
    SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    setitimer(ITIMER_REAL, &soon, NULL);
    SAY(recv(s[0], &byte, 1, 0));
    tv = (struct timeval){0, 0};
    SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    setitimer(ITIMER_REAL, &soon, NULL);
    pid_t child = fork();
    if (!child) {
        usleep(100000);
        _exit(write(s[1], "x", 1) != 1);
    }
    SAY(recv(s[0], &byte, 1, 0));
    SAY(waitpid(child, NULL, 0) == child);
}

int main(void)
{
    pairs();
    rights();
    stream();
    datagrams();
    unix_names();
    interrupted();
    return 0;
}
