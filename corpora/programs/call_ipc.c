/* Messages and semaphores, of System V and of POSIX.
 * not qemu: its semid_ds differs */
#include "calls.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

static void messages(void)
{
    struct {
        long type;
        char text[40];
    } m = {3, "a message"};
    struct msqid_ds ds;
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    SAY(msgsnd(id, &m, 10, 0));
    m.type = 5;
    SAY(msgsnd(id, &m, 4, IPC_NOWAIT));
    m.type = 0;
    SAY(msgsnd(id, &m, 4, 0));
    SAY(msgctl(id, IPC_STAT, &ds));
    printf("%d %d\n", (int)ds.msg_qnum, ds.msg_perm.mode);
    memset(&m, 0, sizeof(m));
    SAY(msgrcv(id, &m, 40, 5, 0));
    printf("%ld %s\n", m.type, m.text);
    SAY(msgrcv(id, &m, 5, 0, 0));
    SAY(msgrcv(id, &m, 5, 0, MSG_NOERROR));
    printf("%ld %.5s\n", m.type, m.text);
    SAY(msgrcv(id, &m, 40, 0, IPC_NOWAIT));
    SAY(msgctl(id, IPC_RMID, NULL));
    SAY(msgsnd(id, &m, 4, 0));
}

static void semaphores(void)
{
    union semun {
        int val;
        struct semid_ds *buf;
        unsigned short *array;
    } arg;
    struct semid_ds ds;
    unsigned short v[3] = {1, 2, 3};
    int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
    arg.array = v;
    SAY(semctl(id, 0, SETALL, arg));
    SAY(semctl(id, 1, GETVAL));
    arg.val = 7;
    SAY(semctl(id, 1, SETVAL, arg));
    memset(v, 0, sizeof(v));
    arg.array = v;
    SAY(semctl(id, 0, GETALL, arg));
    printf("%d %d %d\n", v[0], v[1], v[2]);
    arg.buf = &ds;
    memset(&ds, 0xff, sizeof(ds));
    SAY(semctl(id, 0, IPC_STAT, arg));
    printf("%d %d %d\n", (int)ds.sem_nsems, ds.sem_perm.mode, ds.sem_otime == 0);
    ds.sem_perm.mode = 0640;
    SAY(semctl(id, 0, IPC_SET, arg));
    SAY(semctl(id, 0, IPC_STAT, arg));
    printf("%o\n", ds.sem_perm.mode);
    struct sembuf op[2] = {{0, -1, 0}, {1, 1, SEM_UNDO}};
    SAY(semop(id, op, 2));
    op[0].sem_flg = IPC_NOWAIT;
    SAY(semop(id, op, 1));
    struct timespec t = {0, 1000000};
    op[0].sem_flg = 0;
    SAY(semtimedop(id, op, 1, &t));
    SAY(semctl(id, 1, GETPID) == getpid());
    SAY(semctl(id, 9, GETVAL));
    SAY(semctl(id, 0, IPC_RMID));
    SAY(semop(id, op, 1));
}

static void queues(void)
{
    char name[40], buf[64] = {0};
    unsigned prio = 0;
    struct mq_attr a = {.mq_maxmsg = 4, .mq_msgsize = 32}, b;
    struct timespec t = {0, 0};
    snprintf(name, sizeof(name), "/calls_ipc%d", getpid());
    mqd_t q = mq_open(name, O_CREAT | O_RDWR, 0600, &a);
    if (q < 0 && errno == ENOSYS) return;
    SAY(mq_send(q, "queued", 6, 9));
    SAY(mq_send(q, "urgent", 6, 10));
    SAY(mq_getattr(q, &b));
    printf("%ld %ld %ld\n", b.mq_maxmsg, b.mq_msgsize, b.mq_curmsgs);
    SAY(mq_receive(q, buf, 10, &prio));
    SAY(mq_receive(q, buf, 64, &prio));
    printf("%s %u\n", buf, prio);
    SAY(mq_receive(q, buf, 64, NULL));
    SAY(mq_timedreceive(q, buf, 64, NULL, &t));
    SAY(mq_close(q));
    SAY(mq_unlink(name));
    SAY(mq_unlink(name));
}

int main(void)
{
    messages();
    semaphores();
    queues();
    return 0;
}
