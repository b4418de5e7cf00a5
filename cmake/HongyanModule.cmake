# Flags that every target of ours has, and hongyan_module(): one static library a folder.
set(HONGYAN_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")

add_library(hongyan_flags INTERFACE)
target_include_directories(hongyan_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(hongyan_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fstack-protector-strong)
target_compile_definitions(hongyan_flags INTERFACE
  _GLIBCXX_ASSERTIONS
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(hongyan_flags INTERFACE Threads::Threads)
if(HONGYAN_SANITIZE)
  target_compile_options(hongyan_flags INTERFACE
    -fsanitize=${HONGYAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -g1) # lines are all that reports need, and a fifth of the time to build is saved
  if(HONGYAN_SANITIZE STREQUAL "address,undefined")
    # A check at each access through a pointer, a third of the time to build: what goes through null ends in a report of ASan as
    # well, x86 reads at any address, and sizes of objects are not known where nothing is optimised. The fuzzers have all three.
    target_compile_options(hongyan_flags INTERFACE -fno-sanitize=null,alignment,object-size)
  endif()
  target_link_options(hongyan_flags INTERFACE -fsanitize=${HONGYAN_SANITIZE})
  if(HONGYAN_SANITIZE STREQUAL "thread")
    target_compile_options(hongyan_flags INTERFACE -Wno-tsan) # fences in Boost's headers, which TSan does not see
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  # Nobody waits for a test's own code, and its optimisation was a fifth of a clean build.
  target_compile_options(hongyan_flags INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:HONGYAN_IS_TEST>>,-O1,-O2> -g1)
  target_compile_definitions(hongyan_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(hongyan_flags INTERFACE -Wl,-z,relro,-z,now)

# Third-party headers are not ours to warn about.
set(CMAKE_NO_SYSTEM_FROM_IMPORTED OFF)

# TOGETHER: so many files are compiled as one, which spares most of what others' headers cost; so names in anonymous namespaces are
# the module's.
function(hongyan_module name)
  cmake_parse_arguments(ARG "" "TOGETHER" "SOURCES;LINK" ${ARGN})
  add_library(hongyan_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(hongyan_${name} PUBLIC hongyan_flags ${ARG_LINK})
  if(ARG_TOGETHER)
    set_target_properties(hongyan_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ARG_TOGETHER})
  endif()
endfunction()

# With sanitizers the modules from actors on, and the tests, share one precompiled header: hongyan_precompile(TARGET). Not where
# code is optimised: GCC 12 then warns of what stands in others' headers, since of a precompiled one it no longer knows that it is.
if(HONGYAN_SANITIZE AND NOT HONGYAN_FUZZ)
  add_library(hongyan_precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_link_libraries(hongyan_precompiled PRIVATE
    hongyan_flags Boost::json CAF::core OpenSSL::SSL spdlog::spdlog)
  target_precompile_headers(hongyan_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp)
endif()

function(hongyan_precompile target)
  if(TARGET hongyan_precompiled)
    target_precompile_headers(${target} REUSE_FROM hongyan_precompiled)
  endif()
endfunction()
