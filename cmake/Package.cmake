# What is installed where (cmake --install), and the Debian package of it (cpack -G DEB; scripts/package).
include(GNUInstallDirs)

# The file with all options, as the package has it: tokens are asked for, and the two files with keys are those that installing
# makes. A line that config/hongyan.toml no longer has is an error here, not a package that is open.
function(installed_configuration output)
  file(READ ${CMAKE_SOURCE_DIR}/config/hongyan.toml text)
  foreach(change
      "#database = \"sqlite:hongyan.db\"|database = \"sqlite:/var/lib/hongyan/hongyan.db\""
      "#auth = \"none\"|auth = \"token\""
      "#auth_secret_file = \"/etc/hongyan/secret\"|auth_secret_file = \"/etc/hongyan/secret\""
      "#api_key_file = \"/etc/hongyan/api-keys\"|api_key_file = \"/etc/hongyan/api-keys\"")
    string(REPLACE "|" ";" sides ${change})
    list(GET sides 0 from)
    list(GET sides 1 to)
    string(FIND "${text}" "\n${from}\n" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "config/hongyan.toml has no line: ${from}")
    endif()
    string(REPLACE "\n${from}\n" "\n${to}\n" text "${text}")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT "${text}" @ONLY)
endfunction()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/config/hongyan.toml)
installed_configuration(${CMAKE_BINARY_DIR}/package/hongyan.toml)

install(TARGETS hongyan hongyan-bench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# Where the server's documentation and its own comments say that it is, whatever the prefix. One that is there is somebody's.
install(CODE "if(NOT EXISTS \"\$ENV{DESTDIR}/etc/hongyan/hongyan.toml\")
  file(INSTALL \"${CMAKE_BINARY_DIR}/package/hongyan.toml\" DESTINATION /etc/hongyan)
endif()")
install(FILES README.md README.zh-CN.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY deploy DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN package EXCLUDE PATTERN keys EXCLUDE)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.json" PATTERN images EXCLUDE)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
# The service is the package's alone: it needs the user that installing the package makes.
install(FILES deploy/hongyan.service DESTINATION /lib/systemd/system COMPONENT service EXCLUDE_FROM_ALL)

set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION}) # by default its first three parts
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME hongyan)
set(CPACK_PACKAGE_VENDOR "Hongyan")
set(CPACK_PACKAGE_CONTACT "Hongyan <hongyan@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "chat server for WeChat mini-programs")
set(CPACK_PACKAGE_DESCRIPTION
  "Users of a mini-program write to each other and to groups, over WebSockets: each message is stored before it is answered, in\
 SQLite or PostgreSQL, and comes once and in order. Clients of the well-known Spring Boot tutorial run unchanged.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL Unspecified service)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# A user of its own; zones of createTime; the kill of systemctl reload; the links that enable a unit.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, tzdata, procps, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, nginx")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/deploy/package/conffiles ${CMAKE_SOURCE_DIR}/deploy/package/postinst
  ${CMAKE_SOURCE_DIR}/deploy/package/prerm ${CMAKE_SOURCE_DIR}/deploy/package/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
