# Golden tests: the language's files, in three weathers; the examples of the docs; the runner itself; a comparison with
# SQLite. They need the program `ssql`.
if(NOT TARGET ssql)
  return()
endif()
set(golden_files ${CMAKE_SOURCE_DIR}/tests/sql)
add_test(NAME golden/plain COMMAND ssql test --timeout 60 ${golden_files})
add_test(NAME golden/small COMMAND ssql test --timeout 60 --with small ${golden_files})
add_test(NAME golden/reopen COMMAND ssql test --timeout 60 --with reopen ${golden_files})
add_test(NAME golden/small_reopen COMMAND ssql test --timeout 60 --with small --with reopen ${golden_files})
set_tests_properties(golden/plain golden/small golden/reopen golden/small_reopen PROPERTIES TIMEOUT 300)

add_test(NAME golden/runner COMMAND ${CMAKE_SOURCE_DIR}/tests/runner/check $<TARGET_FILE:ssql>)
set_tests_properties(golden/runner PROPERTIES TIMEOUT 120)

pkg_check_modules(SQLITE3 sqlite3)
if(SQLITE3_FOUND)
  add_executable(differential tests/differential/main.c tests/differential/statement.c)
  target_link_libraries(differential PRIVATE ssql_flags ssql_static ${SQLITE3_LINK_LIBRARIES} Threads::Threads m)
  foreach(seed 1 2 3)
    add_test(NAME differential/${seed} COMMAND differential ${seed} 5000)
    set_tests_properties(differential/${seed} PROPERTIES TIMEOUT 120)
  endforeach()
else()
  message(STATUS "differential test: skipped, SQLite is not installed")
endif()

# The examples in the documents.
file(GLOB documents CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
add_test(NAME golden/documents COMMAND ssql test --timeout 60 ${documents} ${CMAKE_SOURCE_DIR}/README.md)
add_test(NAME golden/documents_small
         COMMAND ssql test --timeout 60 --with small --with reopen ${documents} ${CMAKE_SOURCE_DIR}/README.md)
set_tests_properties(golden/documents golden/documents_small PROPERTIES TIMEOUT 120)
