# azs3copy_layer(folder [USES layers...] [LIBS targets...] [FAKES targets...] [HEAVY])
#   library azs3copy_<folder> of src/<folder>/*.cpp, test program <folder>_test of src/<folder>/*_test.cpp,
#   which alone links the FAKES (tests/fakes).
#   HEAVY layers include Asio and Beast; they get no precompiled header of the light kind's makers' choice.
function(azs3copy_layer folder)
  cmake_parse_arguments(LAYER "HEAVY" "" "USES;LIBS;FAKES" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  set(target azs3copy_${name})

  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*_test.cpp)
  list(REMOVE_ITEM sources ${tests} "${PROJECT_SOURCE_DIR}/src/${folder}/main.cpp")
  set(uses "")
  foreach(layer ${LAYER_USES})
    string(REPLACE "/" "_" used ${layer})
    list(APPEND uses azs3copy_${used})
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC azs3copy_flags ${uses} ${LAYER_LIBS})
    azs3copy_precompile(${target})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE azs3copy_flags ${uses} ${LAYER_LIBS})
  endif()
  if(tests AND AZS3COPY_TESTS)
    azs3copy_test(${name}_test SOURCES ${tests} USES ${target} ${LAYER_FAKES})
  endif()
endfunction()

# azs3copy_test(name SOURCES files... USES targets...): a GoogleTest program, each of its cases known to ctest.
function(azs3copy_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES;PROPERTIES" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE ${TEST_USES} GTest::gtest_main rapidcheck)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)  # fakes/...
  azs3copy_precompile_tests(${name})
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120 ${TEST_PROPERTIES})
endfunction()

# One precompiled header for all layers and one for all tests: the standard library and fmt (and GoogleTest) are
# most of what a file of ours would otherwise parse.
function(azs3copy_precompile target)
  if(TARGET azs3copy_pch)
    target_precompile_headers(${target} REUSE_FROM azs3copy_pch)
    add_dependencies(${target} azs3copy_pch)
  endif()
endfunction()
function(azs3copy_precompile_tests target)
  target_precompile_headers(${target} REUSE_FROM azs3copy_test_pch)
  add_dependencies(${target} azs3copy_test_pch)
endfunction()

# ccache shares objects between clones, if nothing that it hashes names the clone's folder. So the precompiled
# header is passed as an option whose path ccache makes relative (CMake's own way hides it behind -Xclang), and a
# file beside it, which ccache hashes in its place, tells its contents: the hash of all that it includes.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -Winvalid-pch -include-pch <PCH_FILE>)
function(azs3copy_describe_pch target)
  set(folder ${PROJECT_BINARY_DIR}/CMakeFiles/${target}.dir)
  set(headers ${ARGN})
  list(TRANSFORM headers REPLACE "(.+)" "#include \\1\n")
  list(JOIN headers "" text)
  file(WRITE ${folder}/headers.hpp "${text}")
  if(CMAKE_CXX_COMPILER_TARGET)
    set(machine --target=${CMAKE_CXX_COMPILER_TARGET})
  endif()
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} ${machine} -std=c++23 -DFMT_HEADER_ONLY=1 -M -MT headers -x c++-header ${folder}/headers.hpp
    OUTPUT_VARIABLE included COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "/[^ \\\n]+" files "${included}")
  set(hashes "${CMAKE_CXX_COMPILER_VERSION}")
  foreach(file ${files})
    if(NOT file STREQUAL "${folder}/headers.hpp")
      file(SHA256 ${file} hash)
      list(APPEND hashes ${hash})
    endif()
  endforeach()
  string(SHA256 sum "${hashes}")
  file(WRITE ${folder}/cmake_pch.hxx.pch.sum "${sum}")
endfunction()

set(pch_headers <algorithm> <array> <chrono> <coroutine> <cstdint> <cstring> <deque> <expected> <functional> <map>
  <memory> <optional> <span> <string> <string_view> <unordered_map> <utility> <vector> <fmt/format.h>)
file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
add_library(azs3copy_pch STATIC ${PROJECT_BINARY_DIR}/pch.cpp)
target_link_libraries(azs3copy_pch PUBLIC azs3copy_flags)
target_compile_options(azs3copy_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp" -fpch-instantiate-templates)
target_precompile_headers(azs3copy_pch PRIVATE ${pch_headers})
azs3copy_describe_pch(azs3copy_pch ${pch_headers})

if(AZS3COPY_TESTS)
  enable_testing()
  include(GoogleTest)
  find_package(GTest REQUIRED)
  find_library(RAPIDCHECK NAMES librapidcheck.a rapidcheck REQUIRED)
  add_library(rapidcheck INTERFACE)
  target_link_libraries(rapidcheck INTERFACE ${RAPIDCHECK})
  add_library(azs3copy_test_pch STATIC ${PROJECT_BINARY_DIR}/pch.cpp)
  target_link_libraries(azs3copy_test_pch PUBLIC azs3copy_flags GTest::gtest)
  target_precompile_headers(azs3copy_test_pch PRIVATE ${pch_headers} <gtest/gtest.h>)
  azs3copy_describe_pch(azs3copy_test_pch ${pch_headers} <gtest/gtest.h>)
endif()
