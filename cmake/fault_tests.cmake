# Faults from outside: a process that is killed, databases that are damaged or out of reach, a full disk. Public API only.
add_executable(fault_kill_test ${CMAKE_SOURCE_DIR}/tests/fault/kill_test.c)
target_link_libraries(fault_kill_test PRIVATE ssql_flags ssql_static)
add_test(NAME fault/kill_test COMMAND fault_kill_test)

add_executable(fault_bad_database ${CMAKE_SOURCE_DIR}/tests/fault/bad_database.c)
target_link_libraries(fault_bad_database PRIVATE ssql_flags ssql_static ${CMOCKA_LINK_LIBRARIES})
add_test(NAME fault/bad_database COMMAND fault_bad_database)
set_tests_properties(fault/kill_test fault/bad_database PROPERTIES TIMEOUT 120)

# What scripts/scale is made of; the script itself takes minutes and is no test here.
foreach(program generate measure)
  add_executable(scale_${program} ${CMAKE_SOURCE_DIR}/tests/scale/${program}.c)
  target_link_libraries(scale_${program} PRIVATE ssql_flags)
endforeach()
