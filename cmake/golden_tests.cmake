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

add_test(NAME golden/crash COMMAND ssql test --timeout 120 --with crash ${golden_files})
add_test(NAME golden/small_crash COMMAND ssql test --timeout 120 --with small --with reopen --with crash ${golden_files})
add_test(NAME golden/follower COMMAND ssql test --timeout 60 --with small --with readonly-follower ${golden_files})
set_tests_properties(golden/crash golden/small_crash golden/follower PROPERTIES TIMEOUT 400)

foreach(check check check_directives check_options check_odd_use check_corners)
  string(REPLACE "check" "runner" name ${check})
  add_test(NAME golden/${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/runner/${check} $<TARGET_FILE:ssql>)
  set_tests_properties(golden/${name} PROPERTIES TIMEOUT 180)
endforeach()

# The runner's parts, as they are in the program, with an engine that loses and invents rows on purpose.
file(GLOB runner_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/runner/*.c)
set(runner_parts
    "/shell/(test_[a-z0-9_]+|text_buffer|variables|suggestion|statement_text|display_width|error_report|interrupt)\\.c")
add_executable(runner_parts ${runner_tests}
               $<FILTER:$<FILTER:$<TARGET_OBJECTS:ssql>,INCLUDE,${runner_parts}>,EXCLUDE,/test_command\\.c>)
target_include_directories(runner_parts PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(runner_parts PRIVATE ssql_flags ssql_static ${CMOCKA_LINK_LIBRARIES} ${UTF8PROC_LINK_LIBRARIES}
                      Threads::Threads ${CMAKE_DL_LIBS})
add_test(NAME golden/runner_parts COMMAND runner_parts)
set_tests_properties(golden/runner_parts PROPERTIES TIMEOUT 60)

include(${CMAKE_SOURCE_DIR}/cmake/differential_tests.cmake)

# The examples in the documents.
file(GLOB documents CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
add_test(NAME golden/documents COMMAND ssql test --timeout 60 ${documents} ${CMAKE_SOURCE_DIR}/README.md)
add_test(NAME golden/documents_small
         COMMAND ssql test --timeout 60 --with small --with reopen ${documents} ${CMAKE_SOURCE_DIR}/README.md)
set_tests_properties(golden/documents golden/documents_small PROPERTIES TIMEOUT 120)
