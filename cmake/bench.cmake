# ssql-bench: ssql beside SQLite and, where their libraries are installed, RocksDB, LevelDB and LMDB.
pkg_check_modules(SQLITE3 sqlite3)
if(NOT SQLITE3_FOUND)
  message(STATUS "bench: skipped, SQLite is not installed")
  return()
endif()
add_executable(ssql-bench bench/main.c bench/suites.c bench/suite_basic.c bench/suite_compaction.c bench/suite_threads.c bench/suite_latency.c
               bench/suite_large.c bench/suite_shell.c bench/suite_import.c bench/shell_program.c bench/workload.c bench/generator.c bench/measure.c bench/row.c
               bench/kv_query.c bench/sql_text.c
               bench/engine_ssql.c bench/engine_sqlite.c)
target_link_libraries(ssql-bench PRIVATE ssql_flags ssql_static ${SQLITE3_LINK_LIBRARIES} Threads::Threads m)
foreach(peer rocksdb leveldb lmdb)
  string(TOUPPER ${peer} PEER)
  find_library(${PEER}_LIBRARY ${peer})
  if(${PEER}_LIBRARY)
    target_sources(ssql-bench PRIVATE bench/engine_${peer}.c)
    target_compile_definitions(ssql-bench PRIVATE WITH_${PEER})
    target_link_libraries(ssql-bench PRIVATE ${${PEER}_LIBRARY})
  else()
    message(STATUS "bench: without ${peer}, which is not installed")
  endif()
endforeach()
