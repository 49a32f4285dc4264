#include "core/isolation/seccomp.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

// Source: Documentation/userspace-api/seccomp_filter.rst of the kernel.
namespace strata::isolation {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name the architecture of the system calls"
#endif

// Nothing of it is needed by a plugin; each reaches other processes, the kernel or its attack
// surface.
constexpr long kDenied[] = {
    // Other processes.
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_tkill,
    SYS_pidfd_send_signal,
    SYS_move_pages,
    SYS_migrate_pages,
    // What the system looks like.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_setns,
    SYS_unshare,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_acct,
    // The kernel itself.
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_syslog,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_personality,
    // Keys, clocks, handles past permissions.
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_create_module,
    SYS_get_kernel_syms,
#endif
};

constexpr long kPrograms[] = {
    SYS_execve,
    SYS_execveat,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
};

class Filter {
 public:
  Filter() {
    Load(offsetof(seccomp_data, arch));
    Jump(BPF_JEQ, kArchitecture, 1, 0);
    Return(SECCOMP_RET_KILL_PROCESS);
    Load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
    Jump(BPF_JGE, 0x40000000, 0, 1);  // The x32 ABI would be a way around the list.
    Deny();
#endif
  }

  void DenyCall(long number) {
    Jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, 1);
    Deny();
  }

  // As if the kernel did not have it: the C library has another way.
  void HideCall(long number) {
    Jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, 1);
    Return(SECCOMP_RET_ERRNO | ENOSYS);
  }

  // Allowed only if one argument (its lower half) equals one of two values.
  void AllowIfEqual(long number, unsigned argument, std::uint32_t value, std::uint32_t other) {
    Jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, 5);
    LoadArgument(argument);
    Jump(BPF_JEQ, value, 1, 0);
    Jump(BPF_JEQ, other, 0, 1);
    Return(SECCOMP_RET_ALLOW);
    Deny();
  }

  void AllowIfBits(long number, unsigned argument, std::uint32_t bits) {
    Jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, 4);
    LoadArgument(argument);
    Jump(BPF_JSET, bits, 0, 1);
    Return(SECCOMP_RET_ALLOW);
    Deny();
  }

  void DenyIfEqual(long number, unsigned argument, std::uint32_t value) {
    Jump(BPF_JEQ, static_cast<std::uint32_t>(number), 0, 4);
    LoadArgument(argument);
    Jump(BPF_JEQ, value, 0, 1);
    Deny();
    Return(SECCOMP_RET_ALLOW);
  }

  Status Install() {
    Return(SECCOMP_RET_ALLOW);
    sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0) {
      return OkStatus();
    }
    return Unavailable(std::string("seccomp: ") + std::strerror(errno));
  }

 private:
  void Load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void LoadArgument(unsigned argument) {  // Little endian, as both architectures are.
    Load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
  }
  void Jump(int test, std::uint32_t value, int if_true, int if_false) {
    code_.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), value,
                             static_cast<std::uint8_t>(if_true),
                             static_cast<std::uint8_t>(if_false)));
  }
  void Return(std::uint32_t what) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, what)); }
  void Deny() { Return(SECCOMP_RET_ERRNO | EPERM); }

  std::vector<sock_filter> code_;
};

}  // namespace

Status FilterSyscalls(const SyscallRules& rules) {
  Filter filter;
  const auto own = static_cast<std::uint32_t>(::getpid());
  for (const long number : kDenied) filter.DenyCall(number);
  filter.DenyIfEqual(SYS_prctl, 0, PR_SET_PDEATHSIG);
  if (!rules.programs) {
    filter.AllowIfEqual(SYS_tgkill, 0, own, own);  // abort() and pthread_kill.
    filter.AllowIfEqual(SYS_prlimit64, 0, own, 0);
    for (const long number : kPrograms) filter.DenyCall(number);
    filter.DenyCall(SYS_kill);
    filter.HideCall(SYS_clone3);  // Its flags cannot be seen from here.
    filter.AllowIfBits(SYS_clone, 0, CLONE_THREAD);
  }
  if (!rules.network && rules.programs) {
    filter.AllowIfEqual(SYS_socket, 0, AF_UNIX, AF_UNIX);  // It listens on one.
  } else if (!rules.network) {
    filter.DenyCall(SYS_socket);
  }
  return filter.Install();
}

}  // namespace strata::isolation
