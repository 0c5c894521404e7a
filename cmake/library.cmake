# libssql: every room but the shell. The rooms are compiled once; the shared and the static library hold the same objects,
# and unit tests link those objects directly, to reach inner functions.
include(CheckCCompilerFlag)
set(GENERATED ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${GENERATED})
if(EXISTS ${CMAKE_SOURCE_DIR}/grammar/ssql.y)
  bison_target(grammar ${CMAKE_SOURCE_DIR}/grammar/ssql.y ${GENERATED}/ssql_grammar.c
               DEFINES_FILE ${GENERATED}/ssql_grammar.h COMPILE_FLAGS "-Werror -Wcounterexamples")
  flex_target(scanner ${CMAKE_SOURCE_DIR}/grammar/ssql.l ${GENERATED}/ssql_scanner.c
              DEFINES_FILE ${GENERATED}/ssql_scanner.h)
  add_flex_bison_dependency(scanner grammar)
  set(generated_sources ${BISON_grammar_OUTPUTS} ${FLEX_scanner_OUTPUTS})
  set_source_files_properties(${generated_sources} PROPERTIES COMPILE_OPTIONS "-Wno-error;-Wno-all;-Wno-extra;-Wno-shadow;-Wno-pedantic;-Wno-missing-prototypes")
  # The parser copies small structs that were just written member by member: by wide registers that waits for the stores.
  check_c_compiler_flag(-mgeneral-regs-only HAS_GENERAL_REGS_ONLY)
  if(HAS_GENERAL_REGS_ONLY)
    set_property(SOURCE ${BISON_grammar_OUTPUT_SOURCE} APPEND PROPERTY COMPILE_OPTIONS -mgeneral-regs-only)
  endif()
endif()

file(GLOB library_sources CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/src/base/*.c ${CMAKE_SOURCE_DIR}/src/volume/*.c ${CMAKE_SOURCE_DIR}/src/storage/*.c
     ${CMAKE_SOURCE_DIR}/src/format/*.c ${CMAKE_SOURCE_DIR}/src/parser/*.c ${CMAKE_SOURCE_DIR}/src/catalog/*.c
     ${CMAKE_SOURCE_DIR}/src/plan/*.c
     ${CMAKE_SOURCE_DIR}/src/exec/*.c ${CMAKE_SOURCE_DIR}/src/session/*.c ${CMAKE_SOURCE_DIR}/src/api/*.c)
add_library(ssql_objects OBJECT ${library_sources} ${generated_sources})
target_include_directories(ssql_objects PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${GENERATED})
target_link_libraries(ssql_objects PUBLIC ssql_flags Threads::Threads m ${LZ4_LINK_LIBRARIES})

set(SSQL_SOVERSION 0) # until 1.0
set(version_script ${CMAKE_SOURCE_DIR}/src/api/libssql.map)
add_library(ssql_shared SHARED)
target_link_libraries(ssql_shared PRIVATE ssql_objects)
target_include_directories(ssql_shared INTERFACE ${CMAKE_SOURCE_DIR}/include)
set_target_properties(ssql_shared PROPERTIES OUTPUT_NAME ssql VERSION ${PROJECT_VERSION} SOVERSION ${SSQL_SOVERSION}
                      LINK_DEPENDS ${version_script})
target_link_options(ssql_shared PRIVATE LINKER:--version-script=${version_script})

# The static library holds one object in which every name but ssql_* is local: a program's own names cannot meet ours.
set(static_object ${CMAKE_BINARY_DIR}/ssql_static.o)
add_custom_command(OUTPUT ${static_object}
                   COMMAND ${CMAKE_C_COMPILER} -r -nostdlib -o ${static_object} $<TARGET_OBJECTS:ssql_objects>
                   COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${static_object}
                   DEPENDS ssql_objects $<TARGET_OBJECTS:ssql_objects> COMMAND_EXPAND_LISTS VERBATIM)
add_library(ssql_static STATIC ${static_object})
set_source_files_properties(${static_object} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
target_link_libraries(ssql_static INTERFACE Threads::Threads m ${LZ4_LINK_LIBRARIES})
target_include_directories(ssql_static INTERFACE ${CMAKE_SOURCE_DIR}/include)
set_target_properties(ssql_static PROPERTIES OUTPUT_NAME ssql LINKER_LANGUAGE C)
