# One static library per folder of src/, linked only with the neighbours that src/LAYERS permits.
#
# src/X/CMakeLists.txt says no more than
#
#   sw_library(X SOURCES a.c b.c LINKS base table EXTERNAL sqlite3)
#
# LINKS are folders; EXTERNAL are pkg-config names (libwebsockets libuv sqlite3 liblz4 libxxhash
# libcjson zlib libzstd libcrypto). Links are public: who links X sees what X's headers include.

# Reads src/LAYERS: SW_LAYERS (the folders, lowest first) and SW_MAY_<folder> (who it may link).
function(sw_read_layers)
    set(file "${PROJECT_SOURCE_DIR}/src/LAYERS")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(STRINGS "${file}" rows REGEX "^[a-z]+:")
    set(layers "")
    foreach(row IN LISTS rows)
        string(REGEX MATCH "^([a-z]+):([^|]*)" _ "${row}")
        set(folder "${CMAKE_MATCH_1}")
        string(STRIP "${CMAKE_MATCH_2}" may)
        string(REGEX REPLACE " +" ";" may "${may}")
        foreach(lower IN LISTS may)
            if(NOT lower IN_LIST layers)
                message(FATAL_ERROR "src/LAYERS: '${folder}' may not include '${lower}', "
                                    "which does not stand below it")
            endif()
        endforeach()
        list(APPEND layers "${folder}")
        set(SW_MAY_${folder} "${may}" PARENT_SCOPE)
    endforeach()
    list(REMOVE_ITEM layers main)
    set(SW_LAYERS "${layers}" PARENT_SCOPE)
endfunction()
sw_read_layers()

# Links TARGET with libraries known to pkg-config, each looked up once.
function(sw_external target)
    foreach(package IN LISTS ARGN)
        if(NOT TARGET PkgConfig::${package})
            pkg_check_modules(${package} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${package})
        endif()
        target_link_libraries(${target} PUBLIC PkgConfig::${package})
    endforeach()
endfunction()

function(sw_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS;EXTERNAL")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "sw_library(${name}): unknown '${arg_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT name IN_LIST SW_LAYERS)
        message(FATAL_ERROR "sw_library(${name}): src/LAYERS has no such folder")
    endif()
    add_library(sw_${name} STATIC ${arg_SOURCES})
    target_link_libraries(sw_${name} PUBLIC sw_flags PRIVATE sw_warnings)
    foreach(folder IN LISTS arg_LINKS)
        if(NOT folder IN_LIST SW_MAY_${name})
            message(FATAL_ERROR "src/${name} may not link src/${folder}: src/LAYERS permits it "
                                "only '${SW_MAY_${name}}'")
        endif()
        if(TARGET sw_${folder})
            target_link_libraries(sw_${name} PUBLIC sw_${folder})
        endif()
    endforeach()
    sw_external(sw_${name} ${arg_EXTERNAL})
endfunction()

# The libraries of FOLDER and of everything below it, highest first, as far as they exist.
function(sw_libraries_up_to folder out)
    set(libraries "")
    foreach(layer IN LISTS SW_LAYERS)
        if(TARGET sw_${layer})
            list(PREPEND libraries sw_${layer})
        endif()
        if(layer STREQUAL folder)
            break()
        endif()
    endforeach()
    set(${out} "${libraries}" PARENT_SCOPE)
endfunction()

# The server: src/*.c over all the libraries, at the top of the build folder.
function(sw_server)
    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.c")
    sw_libraries_up_to(net libraries)
    add_executable(spillway ${sources})
    target_link_libraries(spillway PRIVATE ${libraries} sw_flags sw_warnings)
    sw_external(spillway libuv)
    target_compile_definitions(spillway PRIVATE
        SW_STATIC_DIR="${SW_STATIC_DIR}")
endfunction()
