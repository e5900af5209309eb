/* Attempts that are one system call each. */
#include "attempt.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* A call by its name, and its arguments; strings and other addresses as numbers. */
#define CALL(NAME, NUMBER, ...)                                                                    \
	{                                                                                          \
		.name = (NAME), .number = (NUMBER), .arguments = { __VA_ARGS__ }                   \
	}
#define AT(ADDRESS) ((long)(ADDRESS))

/* Where a call may put something, or finds zeroes. */
static long space[64];
static struct rlimit much = {1 << 20, 1 << 20};
static struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(event)};
static struct io_uring_params ring;
static struct timespec year_2000 = {.tv_sec = 946684800};
static char other_root[] = "/..", file[] = "/etc/passwd", target[] = "/tmp/sallyport-attack";
static char shell[] = "/bin/sh", word[] = "sallyport", folder[] = "/", tmpfs[] = "tmpfs";
static char *const no_words[] = {NULL};

enum { X32 = 0x40000000, NOBODY_HAS_THIS_CALL = 9999 };

const struct attempt attempt_calls[] = {
/* files */
#ifdef SYS_open
    CALL("open", SYS_open, AT(file), O_RDONLY),
    CALL("create", SYS_open, AT(target), O_CREAT | O_WRONLY, 0600),
    CALL("stat", SYS_stat, AT(file), AT(space)),
    CALL("inotify", SYS_inotify_init),
#endif
    CALL("openat", SYS_openat, AT_FDCWD, AT(file), O_RDONLY),
    CALL("openat2", SYS_openat2, AT_FDCWD, AT(file), AT(space), 24),
    CALL("open_memory_of_self", SYS_openat, AT_FDCWD, AT("/proc/self/mem"), O_RDWR),
    CALL("open_maps_of_self", SYS_openat, AT_FDCWD, AT("/proc/self/maps"), O_RDONLY),
    CALL("open_environment_of_parent", SYS_openat, AT_FDCWD, AT("/proc/1/environ"), O_RDONLY),
    CALL("open_device", SYS_openat, AT_FDCWD, AT("/dev/mem"), O_RDWR),
    CALL("readlink", SYS_readlinkat, AT_FDCWD, AT("/proc/self/exe"), AT(space), sizeof(space)),
    CALL("statx", SYS_statx, AT_FDCWD, AT(file), 0, STATX_BASIC_STATS, AT(space)),
    CALL("access", SYS_faccessat, AT_FDCWD, AT(file), 0),
    CALL("name_to_handle", SYS_name_to_handle_at, AT_FDCWD, AT(file), AT(space), AT(space), 0),
    CALL("open_by_handle", SYS_open_by_handle_at, 0, AT(space), O_RDONLY),
    CALL("mkdir", SYS_mkdirat, AT_FDCWD, AT(target), 0700),
    CALL("mknod", SYS_mknodat, AT_FDCWD, AT(target), S_IFCHR | 0600, 0x101),
    CALL("unlink", SYS_unlinkat, AT_FDCWD, AT(target), 0),
    CALL("rename", SYS_renameat2, AT_FDCWD, AT(file), AT_FDCWD, AT(target), 0),
    CALL("link", SYS_linkat, AT_FDCWD, AT(file), AT_FDCWD, AT(target), 0),
    CALL("symlink", SYS_symlinkat, AT(file), AT_FDCWD, AT(target)),
    CALL("chmod", SYS_fchmodat, AT_FDCWD, AT(file), 0666),
    CALL("fchmod", SYS_fchmod, 2, 0666),
    CALL("chown", SYS_fchownat, AT_FDCWD, AT(file), 0, 0, 0),
    CALL("truncate", SYS_truncate, AT(target), 0),
    CALL("utimes", SYS_utimensat, AT_FDCWD, AT(file), 0, 0),
    CALL("setxattr", SYS_setxattr, AT(file), AT("user.x"), AT(space), 1, 0),
    CALL("chdir", SYS_chdir, AT(other_root)),
    CALL("fchdir", SYS_fchdir, 0),
    CALL("chroot", SYS_chroot, AT(other_root)),
    CALL("pivot_root", SYS_pivot_root, AT(folder), AT(folder)),
    CALL("getcwd", SYS_getcwd, AT(space), sizeof(space)),
    CALL("list_a_folder", SYS_getdents64, 0, AT(space), sizeof(space)),
    CALL("fanotify", SYS_fanotify_init, 0, 0),
    CALL("mount", SYS_mount, AT(tmpfs), AT(folder), AT(tmpfs), 0, 0),
    CALL("umount", SYS_umount2, AT(folder), MNT_DETACH),
    CALL("open_tree", SYS_open_tree, AT_FDCWD, AT(folder), 0),
    CALL("move_mount", SYS_move_mount, AT_FDCWD, AT(folder), AT_FDCWD, AT(folder), 0),
    CALL("fsopen", SYS_fsopen, AT(tmpfs), 0),
    CALL("mount_setattr", SYS_mount_setattr, AT_FDCWD, AT(folder), 0, AT(space), 32),
    CALL("flock", SYS_flock, 2, 2),
    CALL("sendfile", SYS_sendfile, 2, 0, 0, 1),
    CALL("splice", SYS_splice, 0, 0, 1, 0, 1, 0),
    CALL("copy_file_range", SYS_copy_file_range, 0, 0, 1, 0, 1, 0),
    CALL("fallocate", SYS_fallocate, 2, 0, 0, 1 << 30),
    CALL("duplicate_over_the_log", SYS_dup3, 0, 2, 0),
    CALL("umask", SYS_umask, 0),
    /* network */
    CALL("socket_tcp", SYS_socket, AF_INET, SOCK_STREAM, 0),
    CALL("socket_udp", SYS_socket, AF_INET6, SOCK_DGRAM, 0),
    CALL("socket_raw", SYS_socket, AF_INET, SOCK_RAW, 1),
    CALL("socket_unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0),
    CALL("socket_netlink", SYS_socket, AF_NETLINK, SOCK_RAW, 0),
    CALL("socket_packet", SYS_socket, AF_PACKET, SOCK_RAW, 0x300),
    CALL("socket_vsock", SYS_socket, 40, SOCK_STREAM, 0),
    CALL("socket_crypto", SYS_socket, AF_ALG, SOCK_SEQPACKET, 0),
    CALL("socketpair_unix", SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, AT(space)),
    CALL("bind", SYS_bind, 2, AT(space), 16),
    CALL("socket_filter", SYS_setsockopt, 2, SOL_SOCKET, SO_ATTACH_FILTER, AT(space), 16),
    CALL("take_descriptors", SYS_setsockopt, 2, SOL_SOCKET, SO_PASSCRED, AT(space), 4),
    CALL("message_queue", SYS_mq_open, AT("/x"), O_CREAT, 0600, 0),
    CALL("set_host_name", SYS_sethostname, AT(word), 1),
/* processes */
#ifdef SYS_fork
    CALL("fork", SYS_fork),
    CALL("vfork", SYS_vfork),
    CALL("alarm", SYS_alarm, 1),
#endif
    CALL("clone_process", SYS_clone, SIGCHLD),
    CALL("clone_namespace", SYS_clone,
	CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNET),
    CALL("clone3", SYS_clone3, AT(space), 88),
    CALL("execve", SYS_execve, AT(shell), AT(no_words), AT(no_words)),
    CALL("execveat", SYS_execveat, 0, AT(""), AT(no_words), AT(no_words), AT_EMPTY_PATH),
    CALL("kill", SYS_kill, ATTEMPT_VICTIM, SIGKILL),
    CALL("kill_everybody", SYS_kill, -1, SIGKILL),
    CALL("tgkill", SYS_tgkill, ATTEMPT_VICTIM, ATTEMPT_VICTIM, SIGKILL),
    CALL("sigqueue", SYS_rt_sigqueueinfo, ATTEMPT_VICTIM, SIGTERM, AT(space)),
    CALL("pidfd_open", SYS_pidfd_open, ATTEMPT_VICTIM, 0),
    CALL("pidfd_getfd", SYS_pidfd_getfd, 0, 0, 0),
    CALL("pidfd_send_signal", SYS_pidfd_send_signal, 0, SIGKILL, 0, 0),
    CALL("ptrace_attach", SYS_ptrace, PTRACE_ATTACH, ATTEMPT_VICTIM, 0, 0),
    CALL("ptrace_seize", SYS_ptrace, PTRACE_SEIZE, ATTEMPT_VICTIM, 0, 0),
    CALL("ptrace_me", SYS_ptrace, PTRACE_TRACEME, 0, 0, 0),
    CALL("read_another", SYS_process_vm_readv, ATTEMPT_VICTIM, AT(space), 1, AT(space), 1, 0),
    CALL("write_another", SYS_process_vm_writev, ATTEMPT_VICTIM, AT(space), 1, AT(space), 1, 0),
    CALL("advise_another", SYS_process_madvise, 0, AT(space), 1, 0, 0),
    CALL("compare_another", SYS_kcmp, ATTEMPT_VICTIM, ATTEMPT_VICTIM, 0, 0, 0),
    CALL("slow_another", SYS_setpriority, PRIO_PROCESS, ATTEMPT_VICTIM, 19),
    CALL("slow_everybody", SYS_setpriority, PRIO_USER, 0, 19),
    CALL("limit_another", SYS_prlimit64, ATTEMPT_VICTIM, RLIMIT_NOFILE, AT(&much), 0),
    CALL("raise_own_limits", SYS_prlimit64, 0, RLIMIT_NOFILE, AT(&much), 0),
    CALL("read_limits_of_another", SYS_prlimit64, ATTEMPT_VICTIM, RLIMIT_NOFILE, 0, AT(space)),
    CALL("setrlimit", SYS_setrlimit, RLIMIT_CORE, AT(&much)),
    CALL("real_time", SYS_sched_setscheduler, 0, SCHED_FIFO, AT(space)),
    CALL("move_to_processor", SYS_sched_setaffinity, 0, 8, AT(space)),
    CALL("ioprio", SYS_ioprio_set, 1, 0, 0),
    CALL("setuid", SYS_setuid, 0),
    CALL("setresuid", SYS_setresuid, 0, 0, 0),
    CALL("setgid", SYS_setgid, 0),
    CALL("setgroups", SYS_setgroups, 0, 0),
    CALL("setfsuid", SYS_setfsuid, 0),
    CALL("capset", SYS_capset, AT(space), AT(space + 8)),
    CALL("unshare", SYS_unshare, CLONE_NEWUSER),
    CALL("setns", SYS_setns, 0, 0),
    CALL("setsid", SYS_setsid),
    CALL("personality", SYS_personality, 0x0400000),
    CALL("prctl_dumpable", SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
    CALL("prctl_ptracer", SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0),
    CALL("prctl_memory_map", SYS_prctl, PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0),
    CALL("prctl_ambient", SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0),
    CALL("prctl_death_signal", SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0),
    CALL("prctl_name", SYS_prctl, PR_SET_NAME, AT(word), 0, 0, 0),
    CALL("wait", SYS_wait4, -1, 0, 0, 0),
    CALL("timer", SYS_timer_create, CLOCK_MONOTONIC, 0, AT(space)),
    /* memory */
    CALL("map_code", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    CALL("map_writable_code", SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    CALL("map_a_descriptor_as_code", SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0),
    CALL("pkey_mprotect", SYS_pkey_mprotect, AT(space), 4096, PROT_READ | PROT_EXEC, -1),
    CALL("remap_file_pages", SYS_remap_file_pages, 0, 4096, 0, 0, 0),
    CALL("memfd", SYS_memfd_create, AT(word), 0),
    CALL("memfd_secret", SYS_memfd_secret, 0),
    CALL("shmget", SYS_shmget, 0, 4096, 01600),
    CALL("shmat", SYS_shmat, 0, 0, 0),
    CALL("semget", SYS_semget, 0, 1, 01600),
    CALL("msgget", SYS_msgget, 0, 01600),
    CALL("lock_memory", SYS_mlockall, 1),
    CALL("userfaultfd", SYS_userfaultfd, 0),
    CALL("vmsplice", SYS_vmsplice, 1, AT(space), 1, 0),
    CALL("move_pages", SYS_move_pages, ATTEMPT_VICTIM, 0, 0, 0, 0, 0),
    CALL("mbind", SYS_mbind, 0, 4096, 0, 0, 0, 0),
    /* the kernel */
    CALL("io_uring_setup", SYS_io_uring_setup, 4, AT(&ring)),
    CALL("io_uring_enter", SYS_io_uring_enter, 0, 1, 1, 0, 0, 0),
    CALL("io_uring_register", SYS_io_uring_register, 0, 0, 0, 0),
    CALL("aio", SYS_io_setup, 1, AT(space)),
    CALL("bpf", SYS_bpf, BPF_MAP_CREATE, AT(space), 64),
    CALL("perf", SYS_perf_event_open, AT(&event), 0, -1, -1, 0),
    CALL("add_key", SYS_add_key, AT("user"), AT(word), AT(space), 1, -3),
    CALL("request_key", SYS_request_key, AT("user"), AT(word), 0, -3),
    CALL("keyctl", SYS_keyctl, 0, -3, 1),
    CALL("seccomp", SYS_seccomp, 2, 0, AT(space)),
    CALL("landlock", SYS_landlock_create_ruleset, 0, 0, 1),
    CALL("load_module", SYS_init_module, AT(space), 8, AT("")),
    CALL("load_module_of_file", SYS_finit_module, 0, AT(""), 0),
    CALL("unload_module", SYS_delete_module, AT(word), 0),
    CALL("kexec", SYS_kexec_load, 0, 0, 0, 0),
    CALL("reboot", SYS_reboot, 0xfee1dead, 672274793, 0x1234567, 0),
    CALL("swap_on", SYS_swapon, AT(target), 0),
    CALL("process_accounting", SYS_acct, 0),
    CALL("kernel_log", SYS_syslog, 3, AT(space), sizeof(space)),
    CALL("set_clock", SYS_clock_settime, CLOCK_REALTIME, AT(&year_2000)),
    CALL("set_clock_of_day", SYS_settimeofday, AT(&year_2000), 0),
    CALL("adjust_clock", SYS_clock_adjtime, CLOCK_REALTIME, AT(space)),
    CALL("quota", SYS_quotactl, 0, 0, 0, 0),
    CALL("hang_up_terminal", SYS_vhangup),
    CALL("type_into_terminal", SYS_ioctl, 0, 0x5412, AT(word)),
    CALL("signals_by_ioctl", SYS_ioctl, 0, 0x5452, AT(space)),
    CALL("network_by_ioctl", SYS_ioctl, 0, 0x8914, AT(space)),
#ifdef SYS_arch_prctl
    CALL("ports", SYS_ioperm, 0x80, 1, 1),
    CALL("ports_all", SYS_iopl, 3),
    CALL("segments", SYS_modify_ldt, 0, AT(space), sizeof(space)),
    CALL("arch_prctl", SYS_arch_prctl, 0x1001, AT(space)),
    CALL("x32_socket", X32 | SYS_socket, AF_INET, SOCK_STREAM, 0),
#endif
    CALL("unknown", NOBODY_HAS_THIS_CALL),
};

const size_t attempt_call_count = sizeof(attempt_calls) / sizeof(attempt_calls[0]);
