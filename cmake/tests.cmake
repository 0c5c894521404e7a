# One executable per file of tests/unit/<room>/: the file's name is the test's.
pkg_check_modules(CMOCKA REQUIRED cmocka)
file(GLOB unit_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*/*.c)
file(GLOB unit_helpers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/support/*.c)
list(REMOVE_ITEM unit_sources ${unit_helpers} "")
foreach(source ${unit_sources})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(room ${source} DIRECTORY)
  get_filename_component(room ${room} NAME)
  add_executable(unit_${room}_${name} ${source} ${unit_helpers})
  target_include_directories(unit_${room}_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit)
  target_link_libraries(unit_${room}_${name} PRIVATE ssql_objects ${CMOCKA_LINK_LIBRARIES})
  add_test(NAME unit/${room}/${name} COMMAND unit_${room}_${name})
  set_tests_properties(unit/${room}/${name} PROPERTIES TIMEOUT 400)
  # The library's allocations go through the test, which lets them fail.
  file(STRINGS ${source} includes_failing_memory REGEX "^#include \"api/failing_memory.h\"")
  if(includes_failing_memory)
    target_link_options(unit_${room}_${name} PRIVATE
                        LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign)
  endif()
endforeach()

include(${CMAKE_SOURCE_DIR}/cmake/library_tests.cmake)
include(${CMAKE_SOURCE_DIR}/cmake/failing_system.cmake)
