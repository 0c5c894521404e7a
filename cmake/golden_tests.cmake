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
