# Tests of the library as a whole: the examples, the layers, the installation.
file(GLOB examples CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/c/*.c)
foreach(source ${examples})
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  target_compile_options(example_${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
  target_link_libraries(example_${name} PRIVATE ssql_shared Threads::Threads)
  if(SSQL_SANITIZE)
    target_compile_options(example_${name} PRIVATE -fsanitize=${SSQL_SANITIZE})
    target_link_options(example_${name} PRIVATE -fsanitize=${SSQL_SANITIZE})
  endif()
  add_test(NAME example/${name}
           COMMAND sh ${CMAKE_SOURCE_DIR}/examples/c/expected/compare $<TARGET_FILE:example_${name}>
                   ${CMAKE_SOURCE_DIR}/examples/c/expected/${name})
  set_tests_properties(example/${name} PROPERTIES TIMEOUT 60)
endforeach()

add_test(NAME layering/rooms COMMAND ${CMAKE_SOURCE_DIR}/tests/layering/check ${CMAKE_SOURCE_DIR})
add_test(NAME layering/headers
         COMMAND ${CMAKE_SOURCE_DIR}/tests/layering/headers ${CMAKE_SOURCE_DIR} ${GENERATED} ${CMAKE_C_COMPILER})

set(install_flags "")
if(SSQL_SANITIZE)
  set(install_flags -fsanitize=${SSQL_SANITIZE})
endif()
add_test(NAME install/check COMMAND ${CMAKE_SOURCE_DIR}/tests/install/check ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}
                                    ${CMAKE_C_COMPILER} ${install_flags})
set_tests_properties(install/check PROPERTIES TIMEOUT 120)

# The library's allocations go through the test, which lets them fail.
foreach(target unit_api_allocation_failure unit_api_allocation_files)
  if(TARGET ${target})
    target_link_options(${target} PRIVATE
                        LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign)
  endif()
endforeach()
# So does what is taken from an arena.
foreach(target unit_plan_memory_failure unit_api_allocation_statements unit_api_allocation_parallel unit_exec_groups
        unit_format_allocation_failure unit_parser_allocation_failure unit_session_memory unit_api_allocation_calls)
  target_link_options(${target} PRIVATE
                      LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign
                      LINKER:--wrap=arena_alloc,--wrap=arena_alloc_array,--wrap=arena_copy,--wrap=newlocale)
endforeach()
if(TARGET unit_api_allocation_count)
  target_link_options(unit_api_allocation_count PRIVATE LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc)
endif()
# What is read back of spill files goes through the test, which damages it.
target_link_options(unit_exec_spilled_damage PRIVATE LINKER:--wrap=spill_read)
# The looks at whether a statement was interrupted.
if(TARGET unit_api_interruption)
  target_link_options(unit_api_interruption PRIVATE LINKER:--wrap=progress_look)
endif()
