#include "support/single_step.h"

#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_THREAD__)

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

enum { TRAP_FLAG = 0x100 };

static struct intrusion {
    void (*intrude)(void *context);
    void *context;
    uint64_t left; /* instructions; 0: it has come */
} intrusion;

static void count_instruction(int signal, siginfo_t *info, void *place)
{
    ucontext_t *interrupted = place;

    (void)signal;
    (void)info;
    if (--intrusion.left > 0)
        return;
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    intrusion.intrude(intrusion.context);
}

/* These two have no variables, and so nothing below the stack pointer that a push could hurt. */
__attribute__((noinline)) static void begin_traps(void)
{
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

__attribute__((noinline)) static void end_traps(void)
{
    __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

bool single_step_is_possible(void)
{
    return true;
}

bool run_with_intrusion(void (*work)(void *context), void (*intrude)(void *context), void *context, uint64_t step)
{
    struct sigaction before, action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = count_instruction;
    intrusion = (struct intrusion){.intrude = intrude, .context = context, .left = step};
    sigaction(SIGTRAP, &action, &before);
    begin_traps();
    work(context);
    end_traps();
    sigaction(SIGTRAP, &before, NULL);
    return intrusion.left == 0;
}

#else

bool single_step_is_possible(void)
{
    return false;
}

bool run_with_intrusion(void (*work)(void *context), void (*intrude)(void *context), void *context, uint64_t step)
{
    (void)intrude;
    (void)step;
    work(context);
    return false;
}

#endif
