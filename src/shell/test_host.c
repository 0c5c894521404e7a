#include "shell/test_host.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "shell/test_message.h"

enum operation {
    OPERATION_RUN,
    OPERATION_DISCONNECT,
    OPERATION_CHECKPOINT,
    OPERATION_DIGEST,
    OPERATION_REOPEN,
    OPERATION_STOP
};

struct test_host {
    pid_t process;
    int socket;
    struct text_buffer message; /* the last request, then its reply */
};

/* ---- the host's side ---- */

struct served {
    const struct test_engine *engine;
    const struct test_settings *settings;
    void *database; /* NULL: it is closed, or could not be opened again */
    struct text_buffer reply, complaint;
};

static void take_variables(struct message_reader *request, struct variables *variables)
{
    uint64_t count = message_take_number(request);

    for (uint64_t i = 0; i < count && !request->failed; i++) {
        size_t size;
        char *name = message_take_text(request, &size), *literal = message_take_text(request, NULL);
        variables_set(variables, name, size, literal);
        free(name);
        free(literal);
    }
}

static void serve_run(struct served *served, struct message_reader *message)
{
    struct variables variables = {0};
    struct test_request request = {.variables = &variables};
    struct test_answer answer = {0};

    answer.style = (enum answer_style)message_take_number(message);
    answer.sorted = message_take_number(message) != 0;
    char *types = message_take_text(message, NULL);
    request.connection = (unsigned)message_take_number(message) % CONNECTIONS_MOST;
    char *text = message_take_text(message, &request.size);
    take_variables(message, &variables);
    answer.types = types;
    request.text = text;
    served->engine->run(served->database, &request, &answer);
    message_put_number(&served->reply, answer.is_error);
    message_put_number(&served->reply, answer.is_query);
    message_put_number(&served->reply, answer.in_transaction);
    message_put_number(&served->reply, answer.column_count);
    message_put_number(&served->reply, answer.change_count);
    message_put_text(&served->reply, text_string(&answer.lines), answer.lines.size);
    answer_clear(&answer);
    variables_clear(&variables);
    free(types);
    free(text);
}

static bool serve_reopen(struct served *served)
{
    bool done = served->engine->close(served->database, &served->complaint);

    served->database = NULL;
    return done && served->engine->open(served->settings, &served->database, &served->complaint);
}

/* Puts "did it work" and what it comes to, or the complaint, into the reply. */
static void serve(struct served *served, enum operation operation, struct message_reader *message)
{
    bool done = true;
    uint64_t digest = 0;

    text_reset(&served->reply);
    text_reset(&served->complaint);
    message_put_number(&served->reply, 1);
    switch (operation) {
    case OPERATION_RUN: serve_run(served, message); break;
    case OPERATION_DISCONNECT: served->engine->disconnect(served->database); break;
    case OPERATION_CHECKPOINT: done = served->engine->checkpoint(served->database, &served->complaint); break;
    case OPERATION_DIGEST:
        done = served->engine->digest(served->database, &digest, &served->complaint);
        message_put_number(&served->reply, digest);
        break;
    case OPERATION_REOPEN: done = serve_reopen(served); break;
    case OPERATION_STOP:
        done = served->engine->close(served->database, &served->complaint);
        served->database = NULL;
        break;
    }
    if (done)
        return;
    text_reset(&served->reply);
    message_put_number(&served->reply, 0);
    message_put_text(&served->reply, text_string(&served->complaint), served->complaint.size);
}

/* Opens, tells how that went, and answers requests as long as there is a database and somebody asks. */
static void be_host(const struct test_engine *engine, const struct test_settings *settings, int socket)
{
    struct served served = {.engine = engine, .settings = settings};
    struct text_buffer message = {0};
    bool done = engine->open(settings, &served.database, &served.complaint);

    message_put_number(&served.reply, done);
    message_put_text(&served.reply, text_string(&served.complaint), served.complaint.size);
    done = message_send(socket, &served.reply);
    while (done && served.database != NULL && message_receive(socket, &message)) {
        struct message_reader reader = {.at = message.data, .end = message.data + message.size};
        serve(&served, (enum operation)message_take_number(&reader), &reader);
        done = message_send(socket, &served.reply);
    }
    if (served.database != NULL)
        engine->close(served.database, &served.complaint);
    text_clear(&message);
    text_clear(&served.reply);
    text_clear(&served.complaint);
}

/* ---- the asking side ---- */

/* Reaps the host, and returns how it ended as waitpid says it. */
static int reap(struct test_host *host)
{
    int status = 0;

    while (waitpid(host->process, &status, 0) < 0 && errno == EINTR)
        ;
    host->process = 0;
    return status;
}

static void tell_death(int status, struct text_buffer *complaint)
{
    if (WIFSIGNALED(status))
        text_format(complaint, "the process that holds the database was killed by signal %d (%s)", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
    else
        text_format(complaint, "the process that holds the database ended with status %d", WEXITSTATUS(status));
}

/* Nothing can be asked any more: a host that waits for requests ends by that, too. */
static bool lose(struct test_host *host, struct text_buffer *complaint)
{
    shutdown(host->socket, SHUT_RDWR);
    tell_death(reap(host), complaint);
    return false;
}

static bool send_off(struct test_host *host, struct text_buffer *complaint)
{
    if (message_send(host->socket, &host->message))
        return true;
    return lose(host, complaint);
}

/* Waits for a reply, and leaves `reader` behind its first number. */
static bool take_reply(struct test_host *host, struct message_reader *reader, struct text_buffer *complaint)
{
    if (!message_receive(host->socket, &host->message))
        return lose(host, complaint);
    *reader = (struct message_reader){.at = host->message.data, .end = host->message.data + host->message.size};
    if (message_take_number(reader) != 0)
        return true;
    char *text = message_take_text(reader, NULL);
    text_add_string(complaint, text);
    free(text);
    return false;
}

/* Sends the message off, and takes its reply. */
static bool exchange(struct test_host *host, struct message_reader *reader, struct text_buffer *complaint)
{
    if (host->process == 0) {
        text_add_string(complaint, "the process that holds the database is gone");
        return false;
    }
    return send_off(host, complaint) && take_reply(host, reader, complaint);
}

static bool ask(struct test_host *host, enum operation operation, struct message_reader *reader,
                struct text_buffer *complaint)
{
    text_reset(&host->message);
    message_put_number(&host->message, operation);
    return exchange(host, reader, complaint);
}

static void put_run(struct test_host *host, const struct test_request *request, const struct test_answer *answer)
{
    const char *types = answer->types == NULL ? "" : answer->types;

    text_reset(&host->message);
    message_put_number(&host->message, OPERATION_RUN);
    message_put_number(&host->message, answer->style);
    message_put_number(&host->message, answer->sorted);
    message_put_text(&host->message, types, strlen(types));
    message_put_number(&host->message, request->connection);
    message_put_text(&host->message, request->text, request->size);
    message_put_number(&host->message, request->variables->count);
    for (size_t i = 0; i < request->variables->count; i++) {
        const struct variable *variable = &request->variables->list[i];
        message_put_text(&host->message, variable->name, strlen(variable->name));
        message_put_text(&host->message, variable->literal, strlen(variable->literal));
    }
}

bool test_host_run(struct test_host *host, const struct test_request *request, struct test_answer *answer,
                   struct text_buffer *complaint)
{
    struct message_reader reader;
    size_t size;

    put_run(host, request, answer);
    if (!exchange(host, &reader, complaint))
        return false;
    answer->is_error = message_take_number(&reader) != 0;
    answer->is_query = message_take_number(&reader) != 0;
    answer->in_transaction = message_take_number(&reader) != 0;
    answer->column_count = message_take_number(&reader);
    answer->change_count = message_take_number(&reader);
    char *lines = message_take_text(&reader, &size);
    text_reset(&answer->lines);
    text_add(&answer->lines, lines, size);
    free(lines);
    return true;
}

bool test_host_send(struct test_host *host, const struct test_request *request, struct text_buffer *complaint)
{
    struct test_answer answer = {0};

    put_run(host, request, &answer);
    return send_off(host, complaint);
}

bool test_host_send_checkpoint(struct test_host *host, struct text_buffer *complaint)
{
    text_reset(&host->message);
    message_put_number(&host->message, OPERATION_CHECKPOINT);
    return send_off(host, complaint);
}

bool test_host_disconnect(struct test_host *host, struct text_buffer *complaint)
{
    struct message_reader reader;

    return ask(host, OPERATION_DISCONNECT, &reader, complaint);
}

bool test_host_checkpoint(struct test_host *host, struct text_buffer *complaint)
{
    struct message_reader reader;

    return ask(host, OPERATION_CHECKPOINT, &reader, complaint);
}

bool test_host_digest(struct test_host *host, uint64_t *digest, struct text_buffer *complaint)
{
    struct message_reader reader;
    bool done = ask(host, OPERATION_DIGEST, &reader, complaint);

    *digest = done ? message_take_number(&reader) : 0;
    return done;
}

bool test_host_reopen(struct test_host *host, struct text_buffer *complaint)
{
    struct message_reader reader;

    return ask(host, OPERATION_REOPEN, &reader, complaint);
}

static void host_free(struct test_host *host)
{
    close(host->socket);
    text_clear(&host->message);
    free(host);
}

/* Its end is looked at as well: a sanitizer speaks last. */
bool test_host_stop(struct test_host *host, struct text_buffer *complaint)
{
    struct message_reader reader;

    if (host == NULL)
        return true;
    bool done = ask(host, OPERATION_STOP, &reader, complaint);
    int status = host->process == 0 ? 0 : reap(host);
    if (done && status != 0) {
        tell_death(status, complaint);
        done = false;
    }
    host_free(host);
    return done;
}

void test_host_kill(struct test_host *host)
{
    if (host == NULL)
        return;
    if (host->process != 0) {
        kill(host->process, SIGKILL);
        reap(host);
    }
    host_free(host);
}

void test_host_abandon(struct test_host *host)
{
    if (host == NULL)
        return;
    if (host->process != 0) {
        shutdown(host->socket, SHUT_RDWR);
        reap(host);
    }
    host_free(host);
}

static _Noreturn void run_in_child(const struct test_engine *engine, const struct test_settings *settings, int socket,
                                   pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent || chdir(settings->directory) != 0) /* it went before it could be told */
        exit(2);
    be_host(engine, settings, socket);
    close(socket);
    exit(0); /* not _exit: a leak checker looks now */
}

struct test_host *test_host_start(const struct test_engine *engine, const struct test_settings *settings,
                                  int close_there, struct text_buffer *complaint)
{
    struct test_host *host = must_allocate(sizeof *host);
    struct message_reader reader;
    pid_t parent = getpid();
    int ends[2] = {-1, -1};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 || (fflush(NULL), host->process = fork()) < 0) {
        text_format(complaint, "cannot start a process for the database: %s", strerror(errno));
        close(ends[0]);
        close(ends[1]);
        free(host);
        return NULL;
    }
    if (host->process == 0) {
        free(host);
        close(ends[0]);
        if (close_there >= 0)
            close(close_there);
        run_in_child(engine, settings, ends[1], parent);
    }
    close(ends[1]);
    host->socket = ends[0];
    if (take_reply(host, &reader, complaint))
        return host;
    test_host_abandon(host);
    return NULL;
}
