# Firejail profile for x
blacklist /mnt
noroot
seccomp
caps.drop all
