# libssql: every room but the shell. The rooms are compiled once; the shared and the static library hold the same objects,
# and unit tests link those objects directly, to reach inner functions.
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
endif()

file(GLOB library_sources CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/src/base/*.c ${CMAKE_SOURCE_DIR}/src/volume/*.c ${CMAKE_SOURCE_DIR}/src/storage/*.c
     ${CMAKE_SOURCE_DIR}/src/parser/*.c ${CMAKE_SOURCE_DIR}/src/catalog/*.c ${CMAKE_SOURCE_DIR}/src/plan/*.c
     ${CMAKE_SOURCE_DIR}/src/exec/*.c ${CMAKE_SOURCE_DIR}/src/api/*.c)
add_library(ssql_objects OBJECT ${library_sources} ${generated_sources})
target_include_directories(ssql_objects PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src ${GENERATED})
target_link_libraries(ssql_objects PUBLIC ssql_flags Threads::Threads m ${LZ4_LINK_LIBRARIES} ${ZSTD_LINK_LIBRARIES})

set(version_script ${CMAKE_SOURCE_DIR}/src/api/libssql.map)
add_library(ssql_shared SHARED)
target_link_libraries(ssql_shared PRIVATE ssql_objects)
target_include_directories(ssql_shared INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(ssql_shared PROPERTIES OUTPUT_NAME ssql VERSION ${PROJECT_VERSION} SOVERSION 0
                      EXPORT_NAME ssql LINK_DEPENDS ${version_script})
target_link_options(ssql_shared PRIVATE LINKER:--version-script=${version_script})

add_library(ssql_static STATIC)
target_link_libraries(ssql_static PRIVATE ssql_objects)
target_include_directories(ssql_static INTERFACE $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(ssql_static PROPERTIES OUTPUT_NAME ssql EXPORT_NAME ssql_static)
