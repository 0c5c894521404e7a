# Faults from outside: a process that is killed, databases that are damaged or out of reach, a full disk. Public API only.
add_executable(fault_kill_test ${CMAKE_SOURCE_DIR}/tests/fault/kill_test.c)
target_link_libraries(fault_kill_test PRIVATE ssql_flags ssql_static)
add_test(NAME fault/kill_test COMMAND fault_kill_test)

add_executable(fault_bad_database ${CMAKE_SOURCE_DIR}/tests/fault/bad_database.c)
target_link_libraries(fault_bad_database PRIVATE ssql_flags ssql_static ${CMOCKA_LINK_LIBRARIES})
add_test(NAME fault/bad_database COMMAND fault_bad_database)
set_tests_properties(fault/kill_test fault/bad_database PROPERTIES TIMEOUT 120)

add_executable(fault_random_damage ${CMAKE_SOURCE_DIR}/tests/fault/random_damage.c ${CMAKE_SOURCE_DIR}/tests/fault/tree.c)
target_link_libraries(fault_random_damage PRIVATE ssql_flags ssql_static)
add_test(NAME fault/random_damage COMMAND fault_random_damage 1 300)
set_tests_properties(fault/random_damage PROPERTIES TIMEOUT 240)

# What scripts/scale is made of; the script itself takes minutes and is no test here.
foreach(program generate measure)
  add_executable(scale_${program} ${CMAKE_SOURCE_DIR}/tests/scale/${program}.c)
  target_link_libraries(scale_${program} PRIVATE ssql_flags)
endforeach()
