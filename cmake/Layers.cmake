# azs3copy_layer(folder [USES layers...] [LIBS targets...] [FAKES targets...] [HEAVY])
#   library azs3copy_<folder> of src/<folder>/*.cpp, test program <folder>_test of src/<folder>/*_test.cpp, which
#   alone links the FAKES (tests/fakes).
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

set(pch_headers <algorithm> <array> <chrono> <coroutine> <cstdint> <cstring> <deque> <expected> <functional> <map>
  <memory> <optional> <span> <string> <string_view> <unordered_map> <utility> <vector> <fmt/format.h>)
file(WRITE ${PROJECT_BINARY_DIR}/pch.cpp "")
add_library(azs3copy_pch STATIC ${PROJECT_BINARY_DIR}/pch.cpp)
target_link_libraries(azs3copy_pch PUBLIC azs3copy_flags)
target_compile_options(azs3copy_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp" -fpch-instantiate-templates)
target_precompile_headers(azs3copy_pch PRIVATE ${pch_headers})

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
endif()
