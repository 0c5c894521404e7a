# Faults from outside: a process that is killed, databases that are damaged or out of reach, a full disk. Public API only.
add_executable(fault_kill_test ${CMAKE_SOURCE_DIR}/tests/fault/kill_test.c)
target_link_libraries(fault_kill_test PRIVATE ssql_flags ssql_static)
add_test(NAME fault/kill_test COMMAND fault_kill_test)

foreach(name bad_database damaged_database)
  add_executable(fault_${name} ${CMAKE_SOURCE_DIR}/tests/fault/${name}.c ${CMAKE_SOURCE_DIR}/tests/fault/database.c)
  target_link_libraries(fault_${name} PRIVATE ssql_flags ssql_static ${CMOCKA_LINK_LIBRARIES})
  add_test(NAME fault/${name} COMMAND fault_${name})
endforeach()
set_tests_properties(fault/kill_test fault/bad_database fault/damaged_database PROPERTIES TIMEOUT 120)

foreach(name random_damage bit_flips)
  add_executable(fault_${name} ${CMAKE_SOURCE_DIR}/tests/fault/${name}.c ${CMAKE_SOURCE_DIR}/tests/fault/questions.c
                               ${CMAKE_SOURCE_DIR}/tests/fault/tree.c)
  target_link_libraries(fault_${name} PRIVATE ssql_flags ssql_static)
endforeach()
add_test(NAME fault/random_damage COMMAND fault_random_damage 1 300)
add_test(NAME fault/random_damage_large COMMAND fault_random_damage 1 60 large)
add_test(NAME fault/bit_flips COMMAND fault_bit_flips 23 5)
set_tests_properties(fault/random_damage fault/random_damage_large fault/bit_flips PROPERTIES TIMEOUT 240)

# `ssql backup` killed at any moment.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME fault/backup_kill COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/fault/backup_kill.py 1 12)
  set_tests_properties(fault/backup_kill PROPERTIES ENVIRONMENT "SSQL=$<TARGET_FILE:ssql>" TIMEOUT 240)
endif()

# What scripts/scale is made of; the script itself takes minutes and is no test here.
foreach(program generate measure)
  add_executable(scale_${program} ${CMAKE_SOURCE_DIR}/tests/scale/${program}.c)
  target_link_libraries(scale_${program} PRIVATE ssql_flags)
endforeach()
