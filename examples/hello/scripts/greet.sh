#!/bin/sh
# Whatever a script prints is kept on the host, and shown by: rollway logs ID TARGET
echo "$DEPLOYMENT_ID installed $APPLICATION_NAME for $DEPLOYMENT_GROUP_NAME"
