# Tests whose system calls and allocations go through the test, which lets them fail: tests/unit/volume/failing_system.h,
# tests/unit/api/failing_memory.h.
set(system_calls open openat close read write pread pwrite stat lstat fstat fstatat access faccessat unlinkat renameat
    renameat2 linkat mkdir mkdirat rmdir fsync fdatasync sync_file_range ftruncate fallocate fcntl fchmod dup lseek fdopendir readdir
    realpath strdup strndup mmap)
set(allocations malloc calloc realloc aligned_alloc posix_memalign)
list(TRANSFORM system_calls PREPEND "LINKER:--wrap=")
list(TRANSFORM allocations PREPEND "LINKER:--wrap=")
foreach(target unit_volume_system_faults unit_volume_system_errors unit_volume_system_opening unit_volume_plain_file_faults
        unit_api_system_failure unit_api_copy_failure)
  target_link_options(${target} PRIVATE ${system_calls})
endforeach()
target_link_options(unit_api_copy_failure PRIVATE LINKER:--wrap=spill_read,--wrap=table_take_row_numbers,--wrap=newlocale)
foreach(target unit_volume_system_faults unit_volume_memory_faults unit_volume_plain_file_faults
        unit_catalog_failures)
  target_link_options(${target} PRIVATE ${allocations})
endforeach()
# tests/unit/storage/failing_process.h: memory, and what else a process gets from the system.
foreach(target unit_storage_memory_failure unit_storage_memory_failure_engine unit_storage_commit_memory)
  target_link_options(${target} PRIVATE ${allocations} LINKER:--wrap=mmap,--wrap=getentropy,--wrap=pthread_create
                      LINKER:--wrap=pthread_mutex_init,--wrap=pthread_mutex_destroy)
endforeach()
# tests/unit/base/failures.c: memory, mapped or not, and threads.
target_link_options(unit_base_failures PRIVATE ${allocations} LINKER:--wrap=mmap,--wrap=pthread_create)
# tests/unit/storage/wal_group.c: what happens while a leader waits.
target_link_options(unit_storage_wal_group PRIVATE LINKER:--wrap=sched_yield)
# tests/unit/storage/engine_waits.c: threads, the number of processors, and every wait.
target_link_options(unit_storage_engine_waits PRIVATE LINKER:--wrap=pthread_create,--wrap=sysconf,--wrap=sched_yield
                    LINKER:--wrap=pthread_cond_wait,--wrap=pthread_cond_timedwait)
# tests/unit/shell: files; ends of the program.
if(TARGET unit_shell_streams)
  target_link_options(unit_shell_streams PRIVATE ${system_calls})
  target_link_options(unit_shell_endings PRIVATE LINKER:--wrap=raise,--wrap=_exit)
  if(CMAKE_C_FLAGS MATCHES "--coverage") # its children say what they have run before they end
    target_link_options(unit_shell_endings PRIVATE LINKER:-u,__gcov_dump)
  endif()
endif()
# tests/unit/session/session.c: what another session does while a statement runs, or waits to be tried again.
target_link_options(unit_session_session PRIVATE LINKER:--wrap=execution_start,--wrap=nanosleep)
