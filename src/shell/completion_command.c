#include "shell/completion_command.h"

#include <stdio.h>
#include <string.h>

#include "shell/command_line.h"
#include "shell/completion_script.h"
#include "shell/output.h"
#include "shell/suggestion.h"

static const char usage[] = "ssql completion bash|zsh|fish";

static const struct {
    const char *name;
    void (*add)(struct text_buffer *to);
} shells[] = {{"bash", completion_bash_add}, {"zsh", completion_zsh_add}, {"fish", completion_fish_add}};
enum { SHELL_COUNT = sizeof shells / sizeof shells[0] };

static const char *shell_name(int i)
{
    return i < SHELL_COUNT ? shells[i].name : NULL;
}

static const char *completion_option(int i)
{
    return i == 0 ? "--help" : NULL;
}

static int print_usage(void)
{
    printf("usage: %s\n"
           "Writes a script that makes that shell complete the options, commands, modes and files of ssql.\n"
           "  bash: source <(ssql completion bash)     in ~/.bashrc\n"
           "  zsh:  source <(ssql completion zsh)      in ~/.zshrc, behind compinit\n"
           "  fish: ssql completion fish | source      in ~/.config/fish/config.fish\n",
           usage);
    return output_flush_stdout() ? STATUS_DONE : STATUS_FAILED;
}

static int complain(const char *shell)
{
    struct text_buffer hint = {0};

    if (!suggestion_hint(&hint, shell, shell_name, "\""))
        text_add_string(&hint, usage);
    fprintf(stderr, "error: no completion for the shell \"%s\"\nhint: %s\n", shell, hint.data);
    text_clear(&hint);
    return STATUS_NO_START;
}

int completion_command(int argc, char **argv)
{
    struct text_buffer script = {0};

    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        return print_usage();
    if (argc > 1 && argv[1][0] == '-')
        return command_unknown_option(argv[1], completion_option, usage);
    if (argc != 2) {
        fprintf(stderr, "error: expected one shell\nhint: %s\n", usage);
        return STATUS_NO_START;
    }
    for (int i = 0; i < SHELL_COUNT; i++) {
        if (strcmp(shells[i].name, argv[1]) != 0)
            continue;
        shells[i].add(&script);
        return output_print(&script) ? STATUS_DONE : STATUS_FAILED;
    }
    return complain(argv[1]);
}
