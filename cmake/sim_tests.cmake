# The simulator of crashes (tests/sim), a short run and its self-test with planted bugs; histories of transactions.
file(GLOB sim_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/sim/*.c)
add_executable(sim ${sim_sources})
target_link_libraries(sim PRIVATE ssql_objects Threads::Threads)
set(planted_functions log_sync wal_commit log_seal object_create manifest_store wal_runs wal_retire_before compaction_pick
    engine_oldest_snapshot key_filter_may_contain transaction_validate engine_sync)
# What threads wait for, and time, are in the hands of its scheduler.
list(APPEND planted_functions pthread_create pthread_join pthread_mutex_lock pthread_cond_wait pthread_cond_timedwait
     pthread_cond_signal pthread_cond_broadcast clock_gettime nanosleep sched_yield)
list(TRANSFORM planted_functions PREPEND "LINKER:--wrap=")
target_link_options(sim PRIVATE ${planted_functions})
add_test(NAME sim/crashes COMMAND sim --seconds 6)
add_test(NAME sim/planted_bugs COMMAND sim --self-test)
set_tests_properties(sim/crashes sim/planted_bugs PROPERTIES TIMEOUT 300)

add_executable(isolation ${CMAKE_SOURCE_DIR}/tests/isolation/main.c ${CMAKE_SOURCE_DIR}/tests/isolation/history.c)
target_link_libraries(isolation PRIVATE ssql_flags ssql_static)
add_test(NAME isolation/histories COMMAND isolation --transactions 20000)
set_tests_properties(isolation/histories PROPERTIES TIMEOUT 120)
