# The program `ssql`: built on the public API alone; the static library is linked in, so that the binary stands by itself.
file(GLOB shell_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/shell/*.c)
if(EXISTS ${CMAKE_SOURCE_DIR}/src/shell/main.c)
  pkg_check_modules(UTF8PROC REQUIRED libutf8proc)
  # Imports read .gz and .zst; the library does not.
  pkg_check_modules(ZLIB REQUIRED zlib)
  pkg_check_modules(ZSTD REQUIRED libzstd)
  list(FILTER shell_sources EXCLUDE REGEX "/edit_[a-z]+\\.c$")
  # What .help says about statements is made from the page of the language.
  set(help_topics ${GENERATED}/help_topics.c)
  find_program(AWK NAMES awk gawk mawk REQUIRED)
  add_custom_command(OUTPUT ${help_topics}
                     COMMAND ${AWK} -f ${CMAKE_SOURCE_DIR}/src/shell/help_topics.awk ${CMAKE_SOURCE_DIR}/docs/language.md > ${help_topics}.new
                     COMMAND ${CMAKE_COMMAND} -E copy_if_different ${help_topics}.new ${help_topics}
                     DEPENDS ${CMAKE_SOURCE_DIR}/src/shell/help_topics.awk ${CMAKE_SOURCE_DIR}/docs/language.md
                     VERBATIM)
  add_executable(ssql ${shell_sources} ${CMAKE_SOURCE_DIR}/src/shell/edit_${EDIT}.c ${help_topics})
  target_compile_definitions(ssql PRIVATE SSQL_LZ4_VERSION="${LZ4_VERSION}" SSQL_XXHASH_VERSION="${XXHASH_VERSION}")
  target_include_directories(ssql PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(ssql PRIVATE ssql_flags ssql_static ${UTF8PROC_LINK_LIBRARIES} ${ZLIB_LINK_LIBRARIES}
                        ${ZSTD_LINK_LIBRARIES} Threads::Threads)
  if(EDIT STREQUAL "readline")
    pkg_check_modules(READLINE REQUIRED readline)
    target_link_libraries(ssql PRIVATE ${READLINE_LINK_LIBRARIES})
  elseif(EDIT STREQUAL "libedit")
    pkg_check_modules(LIBEDIT REQUIRED libedit)
    target_link_libraries(ssql PRIVATE ${LIBEDIT_LINK_LIBRARIES})
  endif()
endif()
