# What `cmake --install` gives: the program, both libraries, the header, pkg-config and CMake packages, manual pages, and
# completion for other shells.
include(CMakePackageConfigHelpers)

install(TARGETS ssql_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ssql_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/ssql.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET ssql)
  install(TARGETS ssql RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# Paths below the prefix stay relative to it, so that an installed tree can be moved.
foreach(kind INCLUDEDIR LIBDIR)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${kind}})
    set(SSQL_PC_${kind} ${CMAKE_INSTALL_${kind}})
  else()
    set(SSQL_PC_${kind} "\${prefix}/${CMAKE_INSTALL_${kind}}")
  endif()
endforeach()
configure_file(cmake/ssql.pc.in ${CMAKE_BINARY_DIR}/ssql.pc.install @ONLY)
# The prefix can be chosen as late as at the installation.
install(CODE "
  file(READ \"${CMAKE_BINARY_DIR}/ssql.pc.install\" text)
  get_filename_component(prefix \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
  string(REGEX REPLACE \"^prefix=[^\\n]*\" \"prefix=\${prefix}\" text \"\${text}\")
  file(WRITE \"${CMAKE_BINARY_DIR}/ssql.pc\" \"\${text}\")
")
install(FILES ${CMAKE_BINARY_DIR}/ssql.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/ssql)
configure_package_config_file(cmake/ssqlConfig.cmake.in ${CMAKE_BINARY_DIR}/ssqlConfig.cmake
                              INSTALL_DESTINATION ${package_directory}
                              PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ssqlConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/ssqlConfig.cmake ${CMAKE_BINARY_DIR}/ssqlConfigVersion.cmake
        DESTINATION ${package_directory})

# man/NAME.SECTION.scd is the source of the page NAME.SECTION; that of ssql(7) is the page of the language.
find_program(SCDOC scdoc)
find_program(AWK NAMES awk gawk mawk REQUIRED)
file(GLOB page_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.scd)
set(language_source ${CMAKE_BINARY_DIR}/man/ssql.7.scd)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/man)
add_custom_command(OUTPUT ${language_source}
                   COMMAND ${AWK} -f ${CMAKE_SOURCE_DIR}/cmake/language_page.awk ${CMAKE_SOURCE_DIR}/docs/language.md > ${language_source}.new
                   COMMAND ${CMAKE_COMMAND} -E rename ${language_source}.new ${language_source}
                   DEPENDS ${CMAKE_SOURCE_DIR}/cmake/language_page.awk ${CMAKE_SOURCE_DIR}/docs/language.md
                   VERBATIM)
set(pages "")
foreach(source ${page_sources} ${language_source})
  get_filename_component(page ${source} NAME)
  string(REGEX REPLACE "\\.scd$" "" page ${page})
  string(REGEX MATCH "[0-9]$" section ${page})
  if(SCDOC)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/man/${page}
                       COMMAND sh -c "SOURCE_DATE_EPOCH=0 \"$1\" < \"$2\" > \"$3\"" sh ${SCDOC} ${source}
                               ${CMAKE_BINARY_DIR}/man/${page}
                       DEPENDS ${source} VERBATIM)
    list(APPEND pages ${CMAKE_BINARY_DIR}/man/${page})
    install(FILES ${CMAKE_BINARY_DIR}/man/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
  endif()
endforeach()
if(pages)
  add_custom_target(man ALL DEPENDS ${pages})
else()
  message(STATUS "scdoc is not installed: no manual pages")
endif()

# What other shells complete, as the program itself says it; not where it cannot run here.
if(TARGET ssql AND NOT CMAKE_CROSSCOMPILING)
  set(completion_directory ${CMAKE_BINARY_DIR}/completion)
  file(MAKE_DIRECTORY ${completion_directory})
  set(completion_scripts "")
  foreach(shell bash zsh fish)
    add_custom_command(OUTPUT ${completion_directory}/${shell}
                       COMMAND ssql completion ${shell} > ${completion_directory}/${shell}.new
                       COMMAND ${CMAKE_COMMAND} -E rename ${completion_directory}/${shell}.new ${completion_directory}/${shell}
                       DEPENDS ssql VERBATIM)
    list(APPEND completion_scripts ${completion_directory}/${shell})
  endforeach()
  add_custom_target(completion ALL DEPENDS ${completion_scripts})
  install(FILES ${completion_directory}/bash RENAME ssql DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${completion_directory}/zsh RENAME _ssql DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${completion_directory}/fish RENAME ssql.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
